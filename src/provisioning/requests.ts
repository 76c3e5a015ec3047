import { ServiceError } from '../errors.ts'
import type { Alongside, Collection, Store, Versioned } from '../store/store.ts'
import { isEnded, type Transition } from './lifecycle.ts'
import type { ProvisioningRecord } from './record.ts'

export const REQUESTS = 'provisioningRequest'
export const TEMPLATES = 'template'
export const OCLOUDS = 'ocloud'

/** Topic of the feed on which a request's events pass. */
export const topicOf = (provisioningRequestId: string): string => `${REQUESTS}:${provisioningRequestId}`

/** The store of provisioning requests: a change of the record and its events are one atomic write (design.md 3.1). */
export interface Requests {
  readonly collection: Collection<ProvisioningRecord>
  create(transition: Transition): Promise<ProvisioningRecord>
  find(id: string): Promise<ProvisioningRecord | undefined>
  /** Rejects with NOT_FOUND. */
  get(id: string): Promise<ProvisioningRecord>
  /** Reads, changes, compares and sets. `change` returns undefined to leave the record alone. Rejects with NOT_FOUND when it is gone. */
  update(id: string, change: (record: ProvisioningRecord) => Transition | undefined): Promise<ProvisioningRecord>
}

export function recordOf(stored: Versioned<ProvisioningRecord>): ProvisioningRecord {
  return { ...stored.value, n: stored.n }
}

/** What other records a request names: they cannot be removed while it exists. */
export function referencesOf(record: ProvisioningRecord): { collection: string; id: string }[] {
  const { templateName, templateVersion } = record.data
  return [
    { collection: TEMPLATES, id: `${templateName}/${templateVersion}` },
    ...record.oCloudIds.map((id) => ({ collection: OCLOUDS, id })),
  ]
}

/** What goes with a transition into the same write. */
export function alongside(before: ProvisioningRecord | undefined, { record, events }: Transition): Alongside {
  return {
    events: events.map(({ event, data }) => ({ event, data: { ...data } })),
    references: referencesOf(record),
    ...(before && { epoch: before.epoch }),
    newEpoch: record.epoch,
  }
}

export function createRequests(store: Store): Requests {
  const collection = store.collection<ProvisioningRecord>(REQUESTS)
  const gone = (id: string) => new ServiceError('NOT_FOUND', `there is no provisioning request ${id}`)

  async function find(id: string) {
    const stored = await collection.get(id)
    return stored && recordOf(stored)
  }

  return {
    collection,
    find,
    async create(transition) {
      const { record } = transition
      const stored = await collection.create(record.provisioningRequestId, record, {
        ...alongside(undefined, transition),
        wish: true,
      })
      return recordOf(stored)
    },
    async get(id) {
      const record = await find(id)
      if (!record) throw gone(id)
      return record
    },
    async update(id, change) {
      const updated = await collection.update(id, (current) => {
        const before = recordOf(current)
        const transition = change(before)
        return (
          transition && {
            value: transition.record,
            alongside: { ...alongside(before, transition), wish: !isEnded(transition.record.phase) },
          }
        )
      })
      if (!updated) throw gone(id)
      return recordOf(updated)
    },
  }
}
