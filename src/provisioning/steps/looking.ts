import type { Cluster, KubernetesObject, ObjectRef } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { ServiceError } from '../../errors.ts'
import type { Ledger } from './ledger.ts'
import { forEachBounded } from './limits.ts'
import { inApplyOrder, isDefinition, isNamespace, keyOf, nameOf, refOf } from './object-order.ts'
import { type Owner, stamped, standingOf } from './ownership.ts'
import { waitFor } from './waiting.ts'

/** One wanted object beside what stands in the cluster. */
export interface Looked {
  ref: ObjectRef
  /** As it shall be, with our labels. */
  object: KubernetesObject
  /** As it is; undefined when it does not exist. */
  live: KubernetesObject | undefined
  /** A namespace that somebody else made: used as it is, not owned. */
  used: boolean
}

/** Somebody else's object, and whose, in words. */
interface Foreign {
  conflict: string
}

/** The objects in order of application, namespaced ones with their namespace, all with our labels. Rejects when one is named twice. */
export async function prepared(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  defaultNamespace: string,
  owner: Owner,
  signal: AbortSignal,
): Promise<KubernetesObject[]> {
  const defined = new Map(
    objects.filter(isDefinition).map((definition) => [definedKind(definition), stringAt(definition, 'spec', 'scope')]),
  )
  const placed: KubernetesObject[] = []
  const seen = new Set<string>()
  for (const object of inApplyOrder(objects)) {
    const { apiVersion, kind } = object
    const scope =
      (await cluster.scope({ apiVersion, kind }, { signal })) ?? defined.get(`${apiVersion.split('/')[0]}/${kind}`)
    const namespace =
      scope === 'Cluster'
        ? undefined
        : (object.metadata.namespace ?? (scope === undefined ? undefined : defaultNamespace))
    const { namespace: _given, ...metadata } = object.metadata
    const result = stamped(
      { ...object, metadata: { ...metadata, ...(namespace !== undefined && { namespace }) } },
      owner,
    )
    const key = keyOf(refOf(result))
    if (seen.has(key)) throw new ServiceError('APPLY_FAILED', `${nameOf(refOf(result))} is given twice`)
    seen.add(key)
    placed.push(result)
  }
  return placed
}

const definedKind = (definition: KubernetesObject): string =>
  `${stringAt(definition, 'spec', 'group')}/${stringAt(definition, 'spec', 'names', 'kind')}`

/**
 * Every object of ours is written down before it is made, so one that the record does not name was set aside when a change gave this step another target or namespace.
 * Removing it later would take it from the new ones.
 */
const SET_ASIDE =
  'was made by this step for another target or namespace and goes only when the new objects stand: give it another name, or delete this request and send it again'

export interface LookOptions {
  owner: Owner
  ledger: Pick<Ledger, 'knows'>
  signal: AbortSignal
  /** Waits until what is being deleted is gone; a plan does not. */
  wait: boolean
}

/** Looks at what exists, before anything is written. Rejects with CONFLICT that names the owners of what is not ours. */
export async function lookAt(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  options: LookOptions,
): Promise<Looked[]> {
  const looked = await forEachBounded(objects, (object) => lookAtOne(cluster, object, options))
  const foreign = looked.filter((entry): entry is Foreign => 'conflict' in entry)
  if (foreign.length > 0) throw new ServiceError('CONFLICT', foreign.map(({ conflict }) => conflict).join('; '))
  return looked.filter((entry): entry is Looked => !('conflict' in entry))
}

async function lookAtOne(
  cluster: Cluster,
  object: KubernetesObject,
  { owner, ledger, signal, wait }: LookOptions,
): Promise<Looked | Foreign> {
  const ref = refOf(object)
  const live = await cluster.get(ref, { signal })
  if (live === undefined) return { ref, object, live, used: false }
  const standing = standingOf(live, owner)
  const foreign = standing.standing === 'foreign'
  const leaving = live.metadata.deletionTimestamp !== undefined
  if (foreign && !isNamespace(ref)) return { conflict: `${nameOf(ref)} belongs to ${standing.owner}` }
  if (leaving) {
    if (wait) await waitUntilGone(cluster, ref, live.metadata.uid, signal)
    return { ref, object, live: undefined, used: false }
  }
  if (!foreign && !isNamespace(ref) && !ledger.knows(ref)) return { conflict: `${nameOf(ref)} ${SET_ASIDE}` }
  return { ref, object, live, used: foreign }
}

/** Waits by watching until no object of that uid has the name any more. */
export async function waitUntilGone(
  cluster: Cluster,
  ref: ObjectRef,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { apiVersion, kind, namespace, name } = ref
  const selection = namespace === undefined ? { name } : { namespace, name }
  await waitFor(
    cluster,
    [{ kind: { apiVersion, kind }, selection }],
    (seen) => {
      const live = seen.get(ref)
      if (live === undefined || (uid !== undefined && live.metadata.uid !== uid)) return { done: true }
      return { done: false, message: `${nameOf(ref)} ${whyStaying(live)}` }
    },
    { signal },
  )
}

/** Why an object that is being deleted still exists. */
export function whyStaying(live: KubernetesObject): string {
  const held = [...(live.metadata.finalizers ?? [])]
  if (held.length > 0) return `is being deleted, held by ${held.join(', ')}`
  return isNamespace(live) ? 'is being deleted, and something in it is not gone yet' : 'is being deleted'
}
