import { ServiceError } from '../errors.ts'
import type { Cluster, KindRef, KubernetesObject } from './cluster.ts'
import { at, listAt, stringAt } from './fields.ts'
import { pause } from './pause.ts'

const WITHIN_MS = 30_000
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 1_000

/** What a CustomResourceDefinition promises to serve. */
export function servedKinds({ spec }: KubernetesObject): KindRef[] {
  const [group, kind] = [stringAt(spec, 'group') ?? '', stringAt(spec, 'names', 'kind') ?? '']
  return listAt(spec, 'versions')
    .filter((version) => at(version, 'served') === true)
    .map((version) => ({ apiVersion: `${group}/${stringAt(version, 'name') ?? ''}`, kind }))
}

/**
 * A definition is Established a moment before the API server lists its kinds; until it does, it answers 404 for them. No watch tells that, so this asks.
 * UNAVAILABLE (retryable) when they are not listed within 30 s.
 */
export async function untilServed(cluster: Cluster, kinds: readonly KindRef[], signal?: AbortSignal): Promise<void> {
  const until = performance.now() + WITHIN_MS
  for (const kind of kinds) {
    for (let wait = FIRST_PAUSE_MS; (await cluster.scope(kind, { signal })) === undefined; wait *= 2) {
      if (performance.now() > until)
        throw new ServiceError(
          'UNAVAILABLE',
          `${kind.apiVersion} ${kind.kind} is defined, and not served after ${WITHIN_MS / 1000} s`,
          { retryable: true },
        )
      await pause(Math.min(wait, LONGEST_PAUSE_MS), signal)
    }
  }
}
