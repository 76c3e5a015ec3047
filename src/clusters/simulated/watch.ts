import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { ObjectChange } from '../../store/objects.ts'
import type { KindRef, KubernetesObject, Selection, WatchEvent } from '../cluster.ts'
import { at, isObject, stringAt } from '../fields.ts'
import { type KnownKind, kindKey } from './kinds.ts'
import { type LabelMatch, parseLabelSelector } from './label-selector.ts'
import { pause } from './pause.ts'
import { type StoredObjects, shown } from './stored-objects.ts'
import type { WatchHub } from './watch-hub.ts'

/** Changes that wait for a slow reader; beyond that they are dropped and the state is read again. */
const LONGEST_QUEUE = 10_000

export interface WatchParts {
  oCloudId: string
  objects: StoredObjects
  hub: WatchHub
}

/** @throws ServiceError APPLY_FAILED when the label selector cannot be read */
export function labelMatchOf({ labelSelector }: Selection): LabelMatch {
  const match = parseLabelSelector(labelSelector)
  if (match === undefined) throw new ServiceError('APPLY_FAILED', `"${labelSelector}" is not a label selector`)
  return match
}

/** The objects that are selected, with the revision at which they were read. */
export async function select(
  parts: Pick<WatchParts, 'objects'>,
  known: KnownKind,
  kind: KindRef,
  selection: Selection,
) {
  const matches = labelMatchOf(selection)
  const { revision, objects } = await readAll(parts.objects, known, selection)
  const selected = objects.filter(({ object }) => matches(labelsOf(object)))
  return { revision, objects: selected.map(({ object, revision: own }) => shown(object, own, kind.apiVersion)) }
}

async function readAll(objects: StoredObjects, known: KnownKind, { namespace, name }: Selection) {
  const space = known.scope === 'Cluster' ? '' : namespace
  if (name === undefined || space === undefined) {
    const found = await objects.list(known, space)
    return name === undefined
      ? found
      : { ...found, objects: found.objects.filter((one) => nameIn(one.object) === name) }
  }
  const { revision, standing } = await objects.read(known, space, name)
  return { revision, objects: standing === undefined ? [] : [standing] }
}

/** The watch of the cluster port: fed by the feed, never by asking again. */
export async function* watchObjects(
  { oCloudId, objects, hub }: WatchParts,
  known: KnownKind,
  kind: KindRef,
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  const matches = labelMatchOf(selection)
  let queue: ObjectChange[] = []
  let gap = false
  let wake: (() => void) | undefined
  const awake = () => {
    wake?.()
    wake = undefined
  }
  const scope = { namespace: known.scope === 'Cluster' ? undefined : selection.namespace, name: selection.name }
  const stop = hub.add(oCloudId, kindKey(known.group, known.kind), scope, {
    onChange(change) {
      if (queue.length < LONGEST_QUEUE) queue.push(change)
      else gap = true
      awake()
    },
    onGap() {
      gap = true
      awake()
    },
  })
  signal.addEventListener('abort', awake)
  const told = createTold(matches, kind, (change) => objects.readChange(change))
  try {
    for (let first = true; ; first = false) {
      if (!first) yield { type: 'RESYNC' }
      gap = false
      const listed = await untilListed(() => select({ objects }, known, kind, selection), signal)
      told.reset(listed)
      for (const object of listed.objects) yield { type: 'ADDED', object }
      yield { type: 'SYNCED' }
      while (!gap) {
        signal.throwIfAborted()
        if (queue.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          continue
        }
        const batch = queue
        queue = []
        for (const change of batch) {
          const event = told.next(change)
          if (event === undefined) continue
          yield event
          signal.throwIfAborted()
        }
      }
      queue = []
    }
  } finally {
    signal.removeEventListener('abort', awake)
    stop()
  }
}

/** Turns changes into events for one watch: what was listed is not told again, and what stops matching is DELETED. */
function createTold(matches: LabelMatch, kind: KindRef, read: (change: ObjectChange) => JsonObject) {
  let from = 0
  let known = new Set<string>()
  return {
    reset(listed: { revision: number; objects: KubernetesObject[] }) {
      from = listed.revision
      known = new Set(listed.objects.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`))
    },
    next(change: ObjectChange): WatchEvent | undefined {
      if (change.revision <= from) return undefined
      const key = `${change.namespace}/${change.name}`
      const before = known.has(key)
      const content = read(change)
      const object = shown(content, change.revision, kind.apiVersion)
      if (change.type !== 'DELETED' && matches(labelsOf(content))) {
        known.add(key)
        return { type: before ? 'MODIFIED' : 'ADDED', object }
      }
      known.delete(key)
      return before ? { type: 'DELETED', object } : undefined
    },
  }
}

/** The store may be away for a while; a watch outlives that. */
async function untilListed<T>(list: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted()
    try {
      return await list()
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'UNAVAILABLE') throw error
    }
    const delay = Math.min(100 * 2 ** attempt, 10_000)
    await pause(delay / 2 + (Math.random() * delay) / 2, signal)
  }
}

function labelsOf(object: JsonObject): Record<string, string> | undefined {
  const labels = at(object, 'metadata', 'labels')
  if (!isObject(labels)) return undefined
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]))
}

function nameIn(object: JsonObject): string | undefined {
  return stringAt(object, 'metadata', 'name')
}
