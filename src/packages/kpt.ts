import { isDeepStrictEqual } from 'node:util'
import type { CallOptions, Cluster, KubernetesObject, ObjectRef } from '../clusters/cluster.ts'
import { groupOf } from '../clusters/fields.ts'
import { INVENTORY_ANNOTATION, OWNER_LABEL } from '../clusters/ownership.ts'
import { ServiceError } from '../errors.ts'
import type { Kpt } from '../tools/kpt.ts'
import { type KptObject, keyOfObject } from '../tools/kpt-events.ts'
import { createRedact } from '../tools/redact.ts'
import { applyFailure, createTally, type KptTally, wholeFailure } from './kpt-outcome.ts'
import type { AppliedObject, PackageOptions, PackagePort } from './package-port.ts'
import { withRefusedWatches } from './refused-watches.ts'
import { ensureResourceGroups, RESOURCE_GROUP, readInventory, streamFor } from './resource-group.ts'
import { secretValues } from './secret-values.ts'

/**
 * The package port by `kpt live`. The package and its inventory go to kpt through standard input, the kubeconfig (`kubeconfigOf` an O-Cloud's id) through a file without
 * a name: neither is ever on disk.
 */
export function createKptPackages(parts: {
  kpt: Kpt
  kubeconfigOf: (oCloudId: string) => Promise<string>
}): PackagePort {
  const { kpt, kubeconfigOf } = parts

  return {
    driver: 'kpt',

    async check(options) {
      return [{ name: 'kpt', version: await kpt.version(options) }]
    },

    async apply(cluster, rendered, inventory, options) {
      const { signal, run, reconcileTimeoutSeconds: timeoutSeconds } = options
      const kubeconfig = await kubeconfigOf(cluster.oCloudId)
      const secrets = secretValues(kubeconfig, rendered.objects)
      await ensureResourceGroups(cluster, { signal })
      const before = await liveOnes(cluster, rendered.objects, { signal })

      const wanted = new Map(rendered.objects.map((object) => [keyOfObject(namedAs(object)), object]))
      const tally = createTally(createRedact(secrets))
      const standing: Promise<AppliedObject>[] = []
      const onEvent: Parameters<Kpt['apply']>[0]['onEvent'] = (event) => {
        tally.read(event)
        tell(tally, wanted.size, options)
        if (event.type !== 'apply' || event.status !== 'Successful') return
        const object = wanted.get(keyOfObject(event.object))
        if (object === undefined) return
        const told = look(cluster, object, before.get(keyOfObject(event.object)), signal).then((applied) => {
          options.onApplied?.(applied)
          return applied
        })
        // Awaited when kpt has ended; until then nobody holds it.
        told.catch(() => undefined)
        standing.push(told)
      }
      const documents = streamFor(inventory, rendered.objects)
      const result = await kpt
        .apply({ kubeconfig, documents, run, secrets, timeoutSeconds, signal, onEvent })
        .finally(() => Promise.all(standing))

      const failure = applyFailure(tally, {
        ...result,
        wanted: rendered.objects.map(namedAs),
        timeoutSeconds,
        owners: await ownersOf(cluster, tally, wanted, { signal }),
      })
      if (failure !== undefined) throw await withRefusedWatches(failure, cluster, rendered.objects.map(refTo), signal)
      const pruned = await Promise.all([...tally.pruned.values()].map((object) => refOf(cluster, object, { signal })))
      return {
        objects: [
          ...(await Promise.all(standing)),
          ...pruned.map((ref): AppliedObject => ({ ref, action: 'deleted' })),
        ],
      }
    },

    async destroy(cluster, inventory, options) {
      const { signal, run, reconcileTimeoutSeconds: timeoutSeconds } = options
      if ((await cluster.scope(RESOURCE_GROUP, { signal })) === undefined) return { removed: [], left: [] }
      const held = await readInventory(cluster, inventory, { signal })
      if (held === undefined) return { removed: [], left: [] }

      const kubeconfig = await kubeconfigOf(cluster.oCloudId)
      const secrets = secretValues(kubeconfig, [])
      const tally = createTally(createRedact(secrets))
      const documents = streamFor(inventory, [])
      const late = await kpt
        .destroy({
          kubeconfig,
          documents,
          run,
          secrets,
          timeoutSeconds,
          signal,
          onEvent: (event) => {
            tally.read(event)
            const gone = tally.settled.size
            options.progress?.(percentOf(gone, held.length), `${gone} of ${held.length} removed`)
          },
        })
        .then(
          (result) =>
            tally.errors.length > 0 || (result.exitCode !== 0 && tally.failed.length === 0)
              ? wholeFailure(tally, result)
              : undefined,
          // Something holds an object: what is left tells what.
          (error: unknown) => {
            if (signal?.aborted || !(error instanceof ServiceError) || error.code !== 'TIMEOUT') throw error
            return undefined
          },
        )
      if (late !== undefined) {
        const refs = await Promise.all(held.map((object) => refOf(cluster, object, { signal })))
        throw await withRefusedWatches(late, cluster, refs, signal)
      }
      return whatIsLeft(cluster, held, inventory.id, tally, { signal })
    },
  }
}

/** Half of the way is applying, the other half becoming ready. */
function tell(tally: KptTally, total: number, options: PackageOptions): void {
  const [applied, ready] = [tally.applied.size, tally.settled.size]
  const message = applied < total ? `${applied} of ${total} applied` : `${Math.min(ready, total)} of ${total} ready`
  options.progress?.(percentOf(applied + Math.min(ready, total), 2 * total), message)
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / total))
}

function namedAs({ apiVersion, kind, metadata }: KubernetesObject): KptObject {
  return { group: groupOf(apiVersion), kind, namespace: metadata.namespace ?? '', name: metadata.name }
}

function refTo({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  const { name, namespace } = metadata
  return namespace === undefined ? { apiVersion, kind, name } : { apiVersion, kind, namespace, name }
}

async function liveOnes(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  options: CallOptions,
): Promise<Map<string, KubernetesObject>> {
  const live = new Map<string, KubernetesObject>()
  for (const object of objects) {
    const found = await cluster.get(refTo(object), options)
    if (found !== undefined) live.set(keyOfObject(namedAs(object)), found)
  }
  return live
}

/** What was done to an object that kpt has applied. When it cannot be read, all that is known is that it stands. */
async function look(
  cluster: Cluster,
  object: KubernetesObject,
  before: KubernetesObject | undefined,
  signal: AbortSignal | undefined,
): Promise<AppliedObject> {
  const ref = refTo(object)
  try {
    const after = await cluster.get(ref, { signal })
    if (after === undefined) return { ref, action: before === undefined ? 'created' : 'updated' }
    const { uid } = after.metadata
    if (before === undefined || before.metadata.uid !== uid) return { ref, uid, action: 'created' }
    return { ref, uid, action: isDeepStrictEqual(essence(before), essence(after)) ? 'unchanged' : 'updated' }
  } catch {
    return { ref, action: before === undefined ? 'created' : 'updated' }
  }
}

/** Without what controllers and the server write. */
function essence({ status: _status, metadata, ...rest }: KubernetesObject): unknown {
  const { resourceVersion: _version, managedFields: _fields, ...meta } = metadata
  return { ...rest, metadata: meta }
}

/** Whose the objects are that kpt has skipped, in words. */
async function ownersOf(
  cluster: Cluster,
  tally: KptTally,
  wanted: ReadonlyMap<string, KubernetesObject>,
  options: CallOptions,
): Promise<Map<string, string>> {
  const owners = new Map<string, string>()
  for (const { object } of tally.foreign) {
    const key = keyOfObject(object)
    const own = wanted.get(key)
    const live = own && (await cluster.get(refTo(own), options))
    const inventory = live?.metadata.annotations?.[INVENTORY_ANNOTATION]
    const request = live?.metadata.labels?.[OWNER_LABEL]
    if (request !== undefined)
      owners.set(key, `provisioning request ${request}${inventory ? ` (inventory ${inventory})` : ''}`)
    else
      owners.set(key, inventory === undefined ? 'nobody that kpt knows: it was there before' : `inventory ${inventory}`)
  }
  return owners
}

/** kpt tells groups without versions. */
async function refOf(
  cluster: Cluster,
  { group, kind, namespace, name }: KptObject,
  options: CallOptions,
): Promise<ObjectRef> {
  const versions = ['v1', 'v2', 'v1beta1', 'v1alpha1', 'v1beta2', 'v1alpha2', 'v2beta1']
  let apiVersion = group === '' ? 'v1' : `${group}/v1`
  for (const version of group === '' ? [] : versions) {
    if ((await cluster.scope({ apiVersion: `${group}/${version}`, kind }, options)) === undefined) continue
    apiVersion = `${group}/${version}`
    break
  }
  return namespace === '' ? { apiVersion, kind, name } : { apiVersion, kind, namespace, name }
}

/** Looks at each object of the inventory once more: what kpt said of it, and what holds it. */
async function whatIsLeft(
  cluster: Cluster,
  held: readonly KptObject[],
  inventoryId: string,
  tally: KptTally,
  options: CallOptions,
): Promise<{ removed: ObjectRef[]; left: { ref: ObjectRef; reason: string }[] }> {
  const removed: ObjectRef[] = []
  const left: { ref: ObjectRef; reason: string }[] = []
  for (const object of held) {
    const ref = await refOf(cluster, object, options)
    const live = await cluster.get(ref, options)
    if (live === undefined) {
      removed.push(ref)
      continue
    }
    // Somebody took it over since, or the inventory names what was never ours: kpt leaves it alone, and so do we.
    if (live.metadata.annotations?.[INVENTORY_ANNOTATION] !== inventoryId) continue
    const failed = tally.failed.find((trouble) => keyOfObject(trouble.object) === keyOfObject(object))
    const finalizers = live.metadata.finalizers ?? []
    const holding = finalizers.length > 0 ? `held by ${finalizers.join(', ')}` : 'it is still there'
    left.push({
      ref,
      reason: failed?.why || (live.metadata.deletionTimestamp === undefined ? 'it was not deleted' : holding),
    })
  }
  return { removed, left }
}
