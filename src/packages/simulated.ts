import { isDeepStrictEqual } from 'node:util'
import type { Cluster, KubernetesObject, ObjectRef } from '../clusters/cluster.ts'
import { INVENTORY_ANNOTATION, OWNER_LABEL } from '../clusters/ownership.ts'
import { isCurrent } from '../clusters/readiness.ts'
import { ServiceError } from '../errors.ts'
import { applyWaves, keyOfObject } from './apply-waves.ts'
import type { AppliedObject, Inventory, PackageOptions, PackagePort } from './package-port.ts'
import { type Entry, entryOf, keyOfEntry, readEntries, removeInventory, writeEntries } from './simulated-inventory.ts'
import { inBatches, removeEntries } from './simulated-removal.ts'
import { waitForObject } from './simulated-wait.ts'

/**
 * The `simulated` driver of the package port: what `kpt live` does, through the cluster port. Inventories and their marks are those of kpt, so that
 * ownership means the same; the Namespace of a package that exists already is used and not owned.
 */
export function createSimulatedPackages(): PackagePort {
  return {
    driver: 'simulated',

    async check({ signal } = {}) {
      signal?.throwIfAborted()
      return [{ name: 'simulated kpt', version: 'v1.0.0+simulated' }]
    },

    async apply(cluster, rendered, inventory, options) {
      const { signal } = options
      const limit = AbortSignal.timeout(options.reconcileTimeoutSeconds * 1000)
      const marked = rendered.objects.map((object) => withMark(object, inventory))
      const looked = await lookAtAll(cluster, marked, inventory, options)
      const held = (await readEntries(cluster, inventory, { signal })) ?? []
      const run: Run = { cluster, inventory, options, limit, total: marked.length, applied: [], ready: 0, troubles: [] }
      for (const { object, owner } of looked) {
        if (owner !== undefined)
          run.troubles.push({ code: 'CONFLICT', message: `${nameOf(object)} belongs to ${owner}` })
      }
      const own = looked.filter(({ owner, used }) => owner === undefined && !used)
      const before = new Map(looked.map(({ object, live }) => [keyOfObject(object), live]))
      const wanted = own.map(({ object }) => entryOf(object))
      await makeRoom(
        run,
        own.map(({ object }) => object),
        before,
      )
      await writeEntries(cluster, inventory, union(held, wanted), { signal })
      for (const { object, used } of looked)
        if (used) stands(run, object, 'unchanged', before.get(keyOfObject(object))?.metadata.uid)
      for (const wave of applyWaves(own.map(({ object }) => object))) {
        const unready = await applyWave(run, wave, before)
        if (run.troubles.length > 0) throw failureOf(run)
        await waitForAll(run, unready)
      }
      if (run.troubles.length > 0) throw failureOf(run)
      const pruned = await prune(run, held, wanted)
      await writeEntries(cluster, inventory, wanted, { signal })
      return { objects: [...run.applied, ...pruned] }
    },

    async destroy(cluster, inventory, options) {
      const { signal } = options
      const held = await readEntries(cluster, inventory, { signal })
      if (held === undefined) return { removed: [], left: [] }
      const limit = AbortSignal.timeout(options.reconcileTimeoutSeconds * 1000)
      const { removed, left } = await removeEntries(cluster, inventory, held, { signal, limit }, (gone) =>
        options.progress?.(percentOf(gone, held.length), `${gone} of ${held.length} removed`),
      )
      if (left.length === 0) await removeInventory(cluster, inventory, { signal })
      return { removed, left }
    },
  }
}

interface Run {
  cluster: Cluster
  inventory: Inventory
  options: PackageOptions
  limit: AbortSignal
  total: number
  applied: AppliedObject[]
  ready: number
  troubles: { code: 'CONFLICT' | 'APPLY_FAILED'; message: string }[]
}

interface Looked {
  object: KubernetesObject
  live: KubernetesObject | undefined
  /** Whose it is when it is not ours, in words. */
  owner: string | undefined
  /** A Namespace that was there before. */
  used: boolean
}

async function lookAtAll(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  inventory: Inventory,
  { signal }: PackageOptions,
): Promise<Looked[]> {
  const looked: Looked[] = []
  for (const object of objects) {
    const live = await cluster.get(refOf(object), { signal })
    const ours = live === undefined || live.metadata.annotations?.[INVENTORY_ANNOTATION] === inventory.id
    const used = !ours && object.kind === 'Namespace' && object.apiVersion === 'v1'
    looked.push({ object, live, used, owner: ours || used ? undefined : ownerOf(live) })
  }
  return looked
}

function ownerOf({ metadata }: KubernetesObject): string {
  const inventory = metadata.annotations?.[INVENTORY_ANNOTATION]
  const request = metadata.labels?.[OWNER_LABEL]
  if (request !== undefined) return `provisioning request ${request}${inventory ? ` (inventory ${inventory})` : ''}`
  return inventory === undefined ? 'nobody that an inventory knows: it was there before' : `inventory ${inventory}`
}

/** The inventory lives in a namespace that the package may bring itself. */
async function makeRoom(
  run: Run,
  own: KubernetesObject[],
  before: ReadonlyMap<string, KubernetesObject | undefined>,
): Promise<void> {
  const home = own.filter(({ kind, metadata }) => kind === 'Namespace' && metadata.name === run.inventory.namespace)
  const known = run.troubles.length
  for (const object of home) await applyOne(run, object, before.get(keyOfObject(object)), false)
  if (run.troubles.length > known) throw failureOf(run)
}

/** Applies what can be applied; answers what is not ready yet. */
async function applyWave(
  run: Run,
  wave: readonly KubernetesObject[],
  before: ReadonlyMap<string, KubernetesObject | undefined>,
): Promise<KubernetesObject[]> {
  const unready: KubernetesObject[] = []
  for (const object of wave) {
    const after = await applyOne(run, object, before.get(keyOfObject(object)), true)
    if (after === undefined) continue
    if (isCurrent(after).current) run.ready += 1
    else unready.push(after)
    tell(run)
  }
  return unready
}

async function applyOne(
  run: Run,
  object: KubernetesObject,
  live: KubernetesObject | undefined,
  told: boolean,
): Promise<KubernetesObject | undefined> {
  const { signal } = run.options
  const uid = live?.metadata.uid
  try {
    // A namespace of its own was made a moment ago, before the inventory in it.
    const home = object.kind === 'Namespace' && object.metadata.name === run.inventory.namespace
    const expect = uid !== undefined ? { uid } : home ? undefined : 'absent'
    const after = await run.cluster.apply(object, { signal, ...(expect !== undefined && { expect }) })
    const unchanged = live !== undefined && isDeepStrictEqual(essence(live), essence(after))
    if (told)
      stands(run, object, live === undefined ? 'created' : unchanged ? 'unchanged' : 'updated', after.metadata.uid)
    return after
  } catch (error) {
    if (!(error instanceof ServiceError) || (error.code !== 'CONFLICT' && error.code !== 'APPLY_FAILED')) throw error
    if (error.retryable) throw error
    run.troubles.push({ code: error.code, message: error.message })
    return undefined
  }
}

function stands(run: Run, object: KubernetesObject, action: AppliedObject['action'], uid: string | undefined): void {
  const applied: AppliedObject = { ref: refOf(object), uid, action }
  run.applied.push(applied)
  run.options.onApplied?.(applied)
}

async function waitForAll(run: Run, objects: readonly KubernetesObject[]): Promise<void> {
  const { cluster, limit, options } = run
  const late: string[] = []
  await inBatches(objects, async (object) => {
    const waited = await waitForObject(cluster, refOf(object), judgeReady, { limit, signal: options.signal })
    if (waited.state === 'done') {
      run.ready += 1
      tell(run)
    } else if (waited.state === 'late') late.push(`${nameOf(object)}: ${waited.message}`)
    else run.troubles.push({ code: 'APPLY_FAILED', message: `${nameOf(object)}: ${waited.message}` })
  })
  if (run.troubles.length > 0) throw failureOf(run)
  if (late.length === 0) return
  throw new ServiceError(
    'TIMEOUT',
    `after ${options.reconcileTimeoutSeconds} s not ready: ${late.slice(0, 5).join('; ')}`,
  )
}

function judgeReady(object: KubernetesObject | undefined) {
  if (object === undefined) return { done: false, message: 'is gone' }
  const { current, failed, message } = isCurrent(object)
  return { done: current, failed, message }
}

async function prune(run: Run, held: readonly Entry[], wanted: readonly Entry[]): Promise<AppliedObject[]> {
  const stays = new Set(wanted.map(keyOfEntry))
  const surplus = held.filter((entry) => !stays.has(keyOfEntry(entry)))
  const { limit, options } = run
  const { removed, left } = await removeEntries(run.cluster, run.inventory, surplus, { signal: options.signal, limit })
  const [first] = left
  if (first !== undefined) {
    throw new ServiceError(
      'TIMEOUT',
      `${first.ref.kind} "${first.ref.name}", which the package no longer has, is still there: ${first.reason}`,
    )
  }
  return removed.map((ref): AppliedObject => ({ ref, action: 'deleted' }))
}

function failureOf({ troubles, applied, total }: Run): ServiceError {
  const code = troubles.every((trouble) => trouble.code === 'CONFLICT') ? 'CONFLICT' : 'APPLY_FAILED'
  const words = troubles.slice(0, 5).map(({ message }) => message)
  return new ServiceError(code, `${applied.length} of ${total} objects applied, ${words.join('; ')}`)
}

function withMark(object: KubernetesObject, { id }: Inventory): KubernetesObject {
  const annotations = { ...object.metadata.annotations, [INVENTORY_ANNOTATION]: id }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

function union(held: readonly Entry[], wanted: readonly Entry[]): Entry[] {
  return [...new Map([...held, ...wanted].map((entry) => [keyOfEntry(entry), entry])).values()]
}

/** Half of the way is applying, the other half becoming ready. */
function tell({ applied, ready, total, options }: Run): void {
  const message = applied.length < total ? `${applied.length} of ${total} applied` : `${ready} of ${total} ready`
  options.progress?.(percentOf(applied.length + ready, 2 * total), message)
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / total))
}

/** Without what controllers and the server write. */
function essence({ status: _, metadata: { resourceVersion: __, ...metadata }, ...rest }: KubernetesObject): unknown {
  return { ...rest, metadata }
}

function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) }
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} "${metadata.name}"`
}
