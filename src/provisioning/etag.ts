import { ServiceError } from '../errors.ts'
import type { ProvisioningRecord } from './record.ts'

/** What the ETag of a request holds, without quotes: `<generation>-<n>`, with a higher n after every write of the record. It is one less than that of the store, as in earlier versions, which may run beside this one. */
export function versionOf({ generation, n }: Pick<ProvisioningRecord, 'generation' | 'n'>): string {
  return `${generation}-${n - 1}`
}

/** Rejects with PRECONDITION_FAILED when the record is not at the version of If-Match; absent and `*` match any. */
export function checkMatch(record: ProvisioningRecord, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*' || ifMatch === versionOf(record)) return
  throw new ServiceError(
    'PRECONDITION_FAILED',
    `the request is at ETag "${versionOf(record)}" by now: read it again, then repeat`,
  )
}
