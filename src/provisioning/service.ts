import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { ERROR_CODES, messageOf, ServiceError } from '../errors.ts'
import type { Queues } from '../queue/queues.ts'
import { createReading, type Reading } from '../store/reading.ts'
import { AlreadyExists, ChangedReference, MissingReference, type Store, VersionConflict } from '../store/store.ts'
import { annotate, inSpan, traceHeaders } from '../telemetry/spans.ts'
import { type AcceptParts, accept, sentHashOf } from './accept.ts'
import { approved, type Decision, rejected } from './approval.ts'
import { changesOfRemoval } from './changes.ts'
import { createDiagnosticsClient } from './diagnostics-client.ts'
import { checkMatch } from './etag.ts'
import { streamEvents } from './events.ts'
import { createHandOvers } from './hand-over.ts'
import { isHeld } from './held.ts'
import { type Clock, cancelled, created, deleting, isEnded, replaced, retried, type Transition } from './lifecycle.ts'
import { streamLog } from './logs.ts'
import { createPlanClient } from './plan-client.ts'
import { queuePriority } from './priority.ts'
import type { MadeObject, ProvisioningRecord, StepRecord } from './record.ts'
import { type Requests, recordOf, TEMPLATES } from './requests.ts'
import type { ProvisioningService, SubmittedRequest } from './service-types.ts'

export interface ServiceParts extends AcceptParts {
  store: Store
  requests: Requests
  queues: Queues
  planTimeoutMs: number
  log: Logger
  clock: Clock
}

/** What the routes call; see ProvisioningService for errors. */
export function createProvisioningService(parts: ServiceParts): ProvisioningService {
  const { store, requests, queues, log, clock } = parts
  const planClient = createPlanClient(parts)

  const handOvers = createHandOvers(parts)

  /** Hands the job over, unless the request waits for something else than a worker. Nobody waits for it: when it fails the wish is still in the record, and the dispatcher finds it. */
  function handOver(record: ProvisioningRecord): void {
    if (isEnded(record.phase) || isHeld(record, clock())) return
    const { provisioningRequestId, reference, generation } = record
    const job = { provisioningRequestId, reference, generation }
    void inSpan('hand over', { kind: 'producer' }, () => handOvers.add({ job, priority: queuePriority(record) }))
  }

  /** The same for one that may wait for its next try already: it starts at once. */
  async function handOverNow(record: ProvisioningRecord): Promise<void> {
    const { provisioningRequestId, reference, generation } = record
    const how = { now: true, priority: queuePriority(record) }
    const add = () => queues.provision({ provisioningRequestId, reference, generation }, how)
    await inSpan('hand over', { kind: 'producer' }, add).catch((error: unknown) => {
      log.warn({ provisioningRequestId, cause: messageOf(error) }, 'the job could not be handed over yet')
    })
  }

  /** By what this process knows of template and O-Clouds, which the write compares. Whatever is wrong with that, they are read anew, and it is tried again. */
  async function writeNew(request: SubmittedRequest, reference: string): Promise<ProvisioningRecord> {
    for (let tries = 1; ; tries++) {
      const reading = createReading({ anew: tries > 1 })
      try {
        const accepted = await accept(request, reference, undefined, parts, reading)
        return await requests.create(traced(created(accepted, reference, clock)), reading).catch(namedReferences)
      } catch (error) {
        if (!mayBeOutdated(error, reading)) throw error
        if (tries === WRITE_TRIES)
          throw new ServiceError('UNAVAILABLE', 'the template or an O-Cloud is changed all the time; try again', {
            cause: error,
            retryAfter: 1,
          })
      }
    }
  }

  async function change(
    id: string,
    how: (record: ProvisioningRecord) => Transition | undefined,
  ): Promise<ProvisioningRecord> {
    const { record, changed } = await write(id, how)
    if (changed) handOver(record)
    return record
  }

  async function write(id: string, how: (record: ProvisioningRecord) => Transition | undefined) {
    let changed = false
    const record = await requests
      .update(id, (before) => {
        const transition = how(before)
        changed = transition !== undefined
        return transition && traced(transition, before)
      })
      .catch(namedReferences)
    return { record, changed }
  }

  /** Without authentication the name is believed; the audit log says so. */
  async function decide(id: string, action: 'approve' | 'reject', decision: Decision): Promise<ProvisioningRecord> {
    const { record, changed } = await write(id, (before) =>
      action === 'approve' ? approved(before, decision, clock) : rejected(before, decision, clock),
    )
    if (!changed) return record
    const { generation } = record
    log.info(
      { audit: true, action, provisioningRequestId: id, generation, ...decision, verified: false },
      'a decision about a request, by a name that nobody verified',
    )
    handOver(record)
    return record
  }

  return {
    async create(request) {
      const id = request.data.provisioningRequestId
      const reference = randomUUID()
      try {
        const record = await writeNew(request, reference).catch(whatIsThere)
        const isNew = record.reference === reference
        if (isNew) handOver(record)
        return { record: isNew ? record : sameAgain(record), created: isNew }
      } catch (error) {
        if (isUnexpected(error))
          log.error({ provisioningRequestId: id, cause: messageOf(error) }, 'a new request could not be written')
        throw error
      }

      /** Most are new, so nobody asks before the write. Of one that is known nothing else is told, whatever is wrong with it; and it is this very one when only the answer of the store was lost. */
      async function whatIsThere(error: unknown): Promise<ProvisioningRecord> {
        if (isUnexpected(error)) throw error
        const known = await requests.find(id)
        if (known) return known
        if (!(error instanceof AlreadyExists)) throw error
        throw new ServiceError('UNAVAILABLE', `${id} was removed at this instant; try again`, { retryAfter: 1 })
      }

      function sameAgain(record: ProvisioningRecord): ProvisioningRecord {
        if (!request.canonical && record.sentHash === sentHashOf(request, store.secrets)) return record
        throw new ServiceError(
          'ALREADY_EXISTS',
          `provisioningRequestId ${id} is known; change it with PUT, or choose another id`,
        )
      }
    },

    get: requests.get,
    peek: requests.peek,

    async list(options) {
      const page = await requests.collection.list(options)
      return { ...page, items: page.items.map((stored) => ({ ...stored, value: recordOf(stored) })) }
    },

    async replace(id, request, ifMatch) {
      const before = await requests.get(id)
      checkMatch(before, ifMatch)
      const accepted = await accept(request, before.reference, before, parts)
      return change(id, (record) => {
        checkMatch(record, ifMatch)
        return replaced(record, accepted, clock)
      })
    },

    async remove(id, { ifMatch, orphan }) {
      const { record, changed } = await write(id, (before) => {
        checkMatch(before, ifMatch)
        return deleting(before, clock)
      })
      if (orphan) return { record, left: await orphaned(record) }
      // Said again, it is tried again at once.
      if (!changed) await requests.collection.wakeWish(id)
      await handOverNow(record)
      return { record }
    },

    approve: (id, decision) => decide(id, 'approve', decision),
    reject: (id, decision) => decide(id, 'reject', decision),
    cancel: (id) => change(id, (record) => cancelled(record, clock)),
    retry: (id) => change(id, (record) => retried(record, clock)),
    plan: planClient.plan,
    events: (id, options) => streamEvents(id, options, { requests, feed: store.feed }),
    diagnostics: createDiagnosticsClient(parts),
    logs: (id, options) => streamLog(id, options, { requests, feed: store.feed }),
  }

  /** Gives up on what stands, once no worker makes or removes anything any more: the new generation ends its run, which frees the lock. */
  async function orphaned({ provisioningRequestId, reference }: ProvisioningRecord): Promise<Standing> {
    const limit = AbortSignal.timeout(ORPHAN_WAIT_MS)
    let held = false
    const giveUp = async () => {
      held = true
      // Whoever still writes to it makes it another one than was read.
      for (let tries = 0; tries < ORPHAN_TRIES; tries++) {
        const record = await requests.find(provisioningRequestId)
        if (record?.reference !== reference) return []
        const left = await givenUp(record)
        if (left) return left
      }
      throw new ServiceError('UNAVAILABLE', 'the request is being written to all the time; try again', {
        retryAfter: 1,
      })
    }
    try {
      return await store.locks.withLock(`request:${reference}`, limit, giveUp)
    } catch (error) {
      if (held || !limit.aborted) throw error
      log.warn({ provisioningRequestId }, 'a run does not end; the request is given up all the same')
      return giveUp()
    }
  }

  /** The record goes, and says what was left behind in its last event and in the audit log. Undefined: it is another one by now. */
  async function givenUp(record: ProvisioningRecord): Promise<Standing | undefined> {
    const left = standing(record)
    const plain = left.map((object) => ({ ...object }))
    try {
      const end = { event: 'end', data: { deleted: true, left: plain } } as const
      await requests.collection.remove(record.provisioningRequestId, record.n, {
        events: [end],
        changes: changesOfRemoval(record, [end]),
      })
    } catch (error) {
      if (error instanceof VersionConflict) return undefined
      throw error
    }
    log.warn(
      { audit: true, action: 'orphan', provisioningRequestId: record.provisioningRequestId, left },
      'a request was given up; its objects stay',
    )
    return left
  }
}

/** A generation belongs to the trace of what asked for it. */
function traced(transition: Transition, before?: ProvisioningRecord): Transition {
  const { traceparent: _, ...record } = transition.record
  annotate({ 'o2ims.provisioning_request_id': record.provisioningRequestId })
  if (before?.generation === record.generation) return transition
  const { traceparent } = traceHeaders()
  return { ...transition, record: { ...record, ...(traceparent !== undefined && { traceparent }) } }
}

const WRITE_TRIES = 10

/** Whether the request may be fine all the same: it was refused by what was kept, or by what has changed since it was read. */
function mayBeOutdated(error: unknown, { tookKept }: Reading): boolean {
  return error instanceof ChangedReference || (tookKept && isRefusal(error))
}

/** Whether the request itself is why. */
const isRefusal = (error: unknown): boolean => error instanceof ServiceError && ERROR_CODES[error.code].status < 500

/** Neither a refusal, nor a store that is away, nor an id that is known: nobody can say what was written. */
function isUnexpected(error: unknown): boolean {
  const away = error instanceof ServiceError && error.code === 'UNAVAILABLE'
  return !(away || isRefusal(error) || error instanceof AlreadyExists)
}

/** How long a DELETE with orphan=true waits for the run that it ends. */
const ORPHAN_WAIT_MS = 3_000
const ORPHAN_TRIES = 20

type Standing = Pick<MadeObject, 'apiVersion' | 'kind' | 'namespace' | 'name'>[]

/** What may stand. What was intended counts where a step was cut off in the middle. */
function standing({ steps, retired }: ProvisioningRecord): Standing {
  const cutOff = ({ state }: StepRecord) => state === 'RUNNING' || state === 'UNDOING'
  const objects = [...retired, ...steps].flatMap((step) =>
    (step.made?.objects ?? []).filter((object) => !object.intended || cutOff(step)),
  )
  return objects
    .filter((object) => object.action !== 'deleted' && object.madeIn !== undefined)
    .map(({ apiVersion, kind, namespace, name }) => ({ apiVersion, kind, ...(namespace && { namespace }), name }))
}

/** The template or O-Cloud went away between the validation and the write. */
function namedReferences(error: unknown): never {
  if (!(error instanceof MissingReference)) throw error
  const { collection, id } = error.reference
  if (collection === TEMPLATES) throw new ServiceError('UNKNOWN_TEMPLATE', `template ${id} does not exist any more`)
  throw new ServiceError('TEMPLATE_PARAMETERS', `O-Cloud ${id} does not exist any more`)
}
