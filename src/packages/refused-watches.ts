import type { Cluster, KindRef, ObjectRef } from '../clusters/cluster.ts'
import { OWNER_LABEL } from '../clusters/ownership.ts'
import { ServiceError } from '../errors.ts'

/** What kpt says when the API server has refused it a watch. A list that is refused it tells in the words of the server. */
const SWALLOWED = /polling for status failed: unknown/
const ANSWERED_WITHIN_MS = 5_000
/** Of no object: the right to list and to watch is what matters. */
const NOTHING = `${OWNER_LABEL}=nobody`

/** The error of a run of kpt, with the words that kpt has swallowed: the same lists and watches are asked for once more, and what the API server refuses is told. */
export async function withRefusedWatches(
  failure: ServiceError,
  cluster: Cluster,
  objects: readonly ObjectRef[],
  signal: AbortSignal | undefined,
): Promise<ServiceError> {
  if (!SWALLOWED.test(failure.message)) return failure
  const refusals = await refusedWatches(cluster, objects, signal)
  if (refusals.length === 0) return failure
  return new ServiceError('APPLY_FAILED', `${failure.message}; ${refusals.join('; ')}`, { cause: failure })
}

async function refusedWatches(
  cluster: Cluster,
  objects: readonly ObjectRef[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const kinds = new Map(objects.map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]))
  // As kpt does it: in the namespace when all are in the same, else in all of the cluster.
  const [namespace, ...others] = new Set(objects.map((object) => object.namespace))
  const place = namespace === undefined || others.length > 0 ? {} : { namespace }
  const until = AbortSignal.any([AbortSignal.timeout(ANSWERED_WITHIN_MS), ...(signal ? [signal] : [])])
  const answers = await Promise.all([...kinds.values()].map((kind) => refusalOf(cluster, kind, place, until)))
  signal?.throwIfAborted()
  return answers.filter((words) => words !== undefined)
}

async function refusalOf(
  cluster: Cluster,
  kind: KindRef,
  place: { namespace?: string },
  until: AbortSignal,
): Promise<string | undefined> {
  const enough = new AbortController()
  const signal = AbortSignal.any([until, enough.signal])
  const onOpen = () => enough.abort()
  try {
    for await (const _event of cluster.watch(kind, { ...place, labelSelector: NOTHING }, signal, { onOpen }));
  } catch (error) {
    if (!signal.aborted && error instanceof ServiceError && error.code === 'APPLY_FAILED') return error.message
  }
  return undefined
}
