import type { OCloudStatus } from './cluster.ts'
import type { OCloudRegistry } from './registry-types.ts'

const AT_ONCE = 8
/** For the whole list: one that hangs must not hold up the others. */
const LIMIT_MS = 5000

/** The status of each of these O-Clouds, in order: asked in parallel, with a time limit for all together. */
export async function statusesOf(
  registry: Pick<OCloudRegistry, 'status'>,
  oCloudIds: readonly string[],
  limitMs = LIMIT_MS,
): Promise<OCloudStatus[]> {
  const statuses: OCloudStatus[] = oCloudIds.map(() => unknown('its status was not known in time'))
  let next = 0
  const ask = async () => {
    for (let index = next++; index < oCloudIds.length; index = next++) {
      const oCloudId = oCloudIds[index]
      if (oCloudId !== undefined)
        statuses[index] = await registry.status(oCloudId).catch(() => unknown('its status cannot be read'))
    }
  }
  const workers = Promise.all(Array.from({ length: Math.min(AT_ONCE, oCloudIds.length) }, ask))
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, limitMs)
  await Promise.race([workers, late]).finally(() => clearTimeout(timer))
  next = oCloudIds.length
  return [...statuses]
}

function unknown(message: string): OCloudStatus {
  return { reachable: false, message, checkedAt: new Date().toISOString() }
}
