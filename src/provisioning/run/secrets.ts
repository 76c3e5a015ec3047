import type { JsonObject } from '../../json.ts'
import type { Store } from '../../store/store.ts'
import type { ProvisioningRecord } from '../record.ts'
import { createRedactor } from './redaction.ts'

/** The writeOnly parameters of a request, decrypted: in memory only. */
export function openSecrets(
  { sealed, reference }: Pick<ProvisioningRecord, 'sealed' | 'reference'>,
  store: Pick<Store, 'secrets'>,
): JsonObject | undefined {
  return sealed === undefined ? undefined : (JSON.parse(store.secrets.open(sealed, reference)) as JsonObject)
}

/** Blots out the writeOnly parameters of a request, and of the generation that it may go back to. */
export function redactorOf(record: ProvisioningRecord, store: Pick<Store, 'secrets'>): (text: string) => string {
  const { reference, lastFulfilled } = record
  const earlier = lastFulfilled && openSecrets({ reference, sealed: lastFulfilled.sealed }, store)
  return createRedactor({ secrets: [openSecrets(record, store) ?? {}, earlier ?? {}] })
}
