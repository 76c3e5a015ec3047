import { ServiceError } from '../errors.ts'
import type { Reading } from '../store/reading.ts'
import {
  type Alongside,
  type Collection,
  MissingReference,
  type Peeked,
  type Store,
  type Versioned,
} from '../store/store.ts'
import { changesOf } from './changes.ts'
import { wishOf } from './held.ts'
import { hasMade, type Transition } from './lifecycle.ts'
import { linesOf } from './logs-line.ts'
import { indexesOf } from './phase-counts.ts'
import type { ProvisioningRecord } from './record.ts'

export const REQUESTS = 'provisioningRequest'
export const TEMPLATES = 'template'
export const OCLOUDS = 'ocloud'

/** Topic of the feed on which a request's events pass. */
export const topicOf = (provisioningRequestId: string): string => `${REQUESTS}:${provisioningRequestId}`

/** The store of provisioning requests: a change of the record and its events are one atomic write (design.md 3.1). */
export interface Requests {
  readonly collection: Collection<ProvisioningRecord>
  /** Rejects with ChangedReference when its template or an O-Cloud is not what `reading` has seen any more. */
  create(transition: Transition, reading?: Reading): Promise<ProvisioningRecord>
  find(id: string): Promise<ProvisioningRecord | undefined>
  /** Rejects with NOT_FOUND. */
  get(id: string): Promise<ProvisioningRecord>
  /** The same, not looked into yet; `n` stands beside it. */
  peek(id: string): Promise<Peeked<ProvisioningRecord>>
  /** Reads, changes, compares and sets. `change` returns undefined to leave the record alone. Rejects with NOT_FOUND when it is gone. */
  update(id: string, change: (record: ProvisioningRecord) => Transition | undefined): Promise<ProvisioningRecord>
}

export function recordOf(stored: Versioned<ProvisioningRecord>): ProvisioningRecord {
  return { ...stored.value, n: stored.n }
}

/**
 * What other records a request needs: they cannot be removed while it exists. These are its template, the O-Clouds that it names, those of the
 * generation that it may go back to, and those on which something of it still stands (of an earlier generation, say), but never those that it made itself: they go with it.
 */
export function referencesOf(record: ProvisioningRecord): { collection: string; id: string }[] {
  const { lastFulfilled } = record
  const templates = [record.data, ...(lastFulfilled ? [lastFulfilled.data] : [])]
  const all = [...record.retired, ...record.steps]
  const own = new Set(
    all.filter(({ uses }) => uses === CLUSTER_STEP).flatMap(({ made }) => [made?.oCloudId, made?.outputs.oCloudId]),
  )
  const stoodOn = all.filter(hasMade).flatMap(({ made }) => made?.oCloudId ?? [])
  const named = [...record.oCloudIds, ...(lastFulfilled?.oCloudIds ?? [])]
  const oCloudIds = [...new Set([...named, ...stoodOn])].filter((id) => !own.has(id))
  const templateIds = new Set(
    templates.map(({ templateName, templateVersion }) => `${templateName}/${templateVersion}`),
  )
  return [
    ...[...templateIds].map((id) => ({ collection: TEMPLATES, id })),
    ...oCloudIds.map((id) => ({ collection: OCLOUDS, id })),
  ]
}

const CLUSTER_STEP = 'kind-cluster'

/**
 * The collection, whose writes do without references to O-Clouds that are gone and that the request does not name: what stood there went
 * with them, and no write may fail for it.
 */
function withoutLost(collection: Collection<ProvisioningRecord>): Collection<ProvisioningRecord> {
  async function again<T>(write: (lost: ReadonlySet<string>) => Promise<T>): Promise<T> {
    const lost = new Set<string>()
    for (;;) {
      try {
        return await write(lost)
      } catch (error) {
        const gone = error instanceof MissingReference ? error.reference : undefined
        if (gone?.collection !== OCLOUDS || lost.has(gone.id)) throw error
        lost.add(gone.id)
      }
    }
  }
  const less = ({ oCloudIds }: ProvisioningRecord, alongside: Alongside, lost: ReadonlySet<string>): Alongside => ({
    ...alongside,
    ...(alongside.references && {
      references: alongside.references.filter(({ id }) => !lost.has(id) || oCloudIds.includes(id)),
    }),
  })
  return {
    ...collection,
    replace: (id, expected, value, alongside = {}) =>
      again((lost) => collection.replace(id, expected, value, less(value, alongside, lost))),
    update: (id, change) =>
      again((lost) =>
        collection.update(id, (current) => {
          const changed = change(current)
          return changed && { ...changed, alongside: less(changed.value, changed.alongside ?? {}, lost) }
        }),
      ),
  }
}

/** What goes with a transition into the same write. `fenced`: it is refused when the epoch is not that of `before` any more. */
export function alongside(
  before: ProvisioningRecord | undefined,
  transition: Transition,
  { fenced = true } = {},
): Alongside {
  const { record, events } = transition
  return {
    lines: linesOf(transition),
    incarnation: record.reference,
    events: events.map(({ event, data }) => ({ event, data: { ...data } })),
    changes: changesOf(before, transition),
    indexes: indexesOf(record),
    references: referencesOf(record),
    ...(before && fenced && { epoch: before.epoch }),
    newEpoch: record.epoch,
  }
}

/** One change of several that are written together: of which record, and what it makes of it. */
export interface Written {
  before: ProvisioningRecord
  transition: Transition
}

/** What goes with several transitions, each of what the one before has made, into one write. */
export function alongsideAll(steps: readonly Written[]): Alongside {
  const all = steps.map(({ before, transition }) => alongside(before, transition))
  return {
    ...all.at(-1),
    lines: all.flatMap(({ lines = [] }) => lines),
    events: all.flatMap(({ events = [] }) => events),
    changes: all.flatMap(({ changes = [] }) => changes),
  }
}

export function createRequests(store: Store): Requests {
  const collection = withoutLost(store.collection<ProvisioningRecord>(REQUESTS))
  const gone = (id: string) => new ServiceError('NOT_FOUND', `there is no provisioning request ${id}`)

  async function find(id: string) {
    const stored = await collection.get(id)
    return stored && recordOf(stored)
  }

  return {
    collection,
    find,
    async create(transition, reading) {
      const { record } = transition
      const { references = [], ...others } = alongside(undefined, transition)
      const stored = await collection.create(record.provisioningRequestId, record, {
        ...others,
        references: reading ? references.map(reading.marked) : references,
        wish: wishOf(record),
      })
      return recordOf(stored)
    },
    async get(id) {
      const record = await find(id)
      if (!record) throw gone(id)
      return record
    },
    async peek(id) {
      const stored = await collection.peek(id)
      if (!stored) throw gone(id)
      return stored
    },
    async update(id, change) {
      const updated = await collection.update(id, (current) => {
        const before = recordOf(current)
        const transition = change(before)
        // No fence: a worker that takes over meanwhile has raised `n` as well, and then the change is made anew.
        return (
          transition && {
            value: transition.record,
            alongside: { ...alongside(before, transition, { fenced: false }), wish: wishOf(transition.record) },
          }
        )
      })
      if (!updated) throw gone(id)
      return recordOf(updated)
    },
  }
}
