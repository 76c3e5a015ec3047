import type { IncomingHttpHeaders } from 'node:http'
import { ServiceError } from '../errors.ts'
import { ifMatchNumber } from '../http/etag.ts'

/** Of every subscription: it never changes, and its health is no part of it. */
export const SUBSCRIPTION_VERSION = 1

/** If-Match on a subscription that is there. Rejects with PRECONDITION_FAILED. */
export async function checkUnchanged(headers: IncomingHttpHeaders): Promise<void> {
  const wanted = await ifMatchNumber(headers, async () => SUBSCRIPTION_VERSION)
  if (wanted !== undefined && wanted !== SUBSCRIPTION_VERSION)
    throw new ServiceError('PRECONDITION_FAILED', 'this ETag is none of this subscription')
}
