import type { ObjectRef } from '../clusters/cluster.ts'
import type { Diagnostics } from '../diagnostics/schema.ts'
import type { Page, Peeked } from '../store/store.ts'
import type { Decision } from './approval.ts'
import type { LogOptions } from './logs.ts'
import type { ProvisioningRecord, ProvisioningRequestData, RequestOptions } from './record.ts'
import type { Change } from './steps/step.ts'

export interface Plan {
  dryRun: true
  steps: { name: string; uses: string; changes: Change[] }[]
}

/** What a client sent: the six fields, and on the front door the options. */
export interface SubmittedRequest {
  data: ProvisioningRequestData
  /** Undefined: none were sent. */
  options?: RequestOptions
  /** The canonical path: no options, an identical body again is a 409, a PUT keeps the options that stand. */
  canonical: boolean
}

export interface StreamEvent {
  id: string
  event: 'step' | 'phase' | 'snapshot' | 'end'
  data: unknown
}

/**
 * What the routes call. Rejections are ServiceErrors with the codes of design.md 5: ALREADY_EXISTS, NOT_FOUND, UNKNOWN_TEMPLATE, TEMPLATE_PARAMETERS, INVALID_OPTIONS, WRONG_PHASE,
 * FORBIDDEN, IMMUTABLE, PRECONDITION_FAILED, NO_WORKER, UNAVAILABLE.
 */
export interface ProvisioningService {
  /** `created` is false for a blind retry on the front door. */
  create(request: SubmittedRequest): Promise<{ record: ProvisioningRecord; created: boolean }>
  get(id: string): Promise<ProvisioningRecord>
  /** The same, not looked into yet; `n` stands beside it. */
  peek(id: string): Promise<Peeked<ProvisioningRecord>>
  list(options: { after?: number; limit: number }): Promise<Page<ProvisioningRecord>>
  /** `ifMatch` is the ETag without quotes, `<generation>-<n>`. */
  replace(id: string, request: SubmittedRequest, ifMatch?: string): Promise<ProvisioningRecord>
  /** 202 in any phase. With orphan: gives up on what is left and says what. */
  remove(
    id: string,
    options: { ifMatch?: string; orphan?: boolean },
  ): Promise<{ record: ProvisioningRecord; left?: ObjectRef[] }>
  /** FORBIDDEN for who is not among the approvers; the same decision again changes nothing. */
  approve(id: string, decision: Decision): Promise<ProvisioningRecord>
  /** As `approve`; the request ends FAILED. */
  reject(id: string, decision: Decision): Promise<ProvisioningRecord>
  cancel(id: string): Promise<ProvisioningRecord>
  retry(id: string): Promise<ProvisioningRecord>
  /** The dry run of POST (`id` undefined) and PUT: a job of the worker, awaited with a time limit. */
  plan(request: SubmittedRequest, id?: string, ifMatch?: string): Promise<Plan>
  /**
   * Snapshot first (without `lastEventId`, or after a gap), then each event as it happens, `end` last; ends without `end` when the signal aborts.
   * `represent` makes the snapshot's data.
   */
  events(
    id: string,
    options: { lastEventId?: string; signal: AbortSignal; represent: (record: ProvisioningRecord) => unknown },
  ): AsyncIterable<StreamEvent>
  /** A worker looks, within a time limit. */
  diagnostics(id: string): Promise<Diagnostics>
  /** Lines of JSON; NOT_FOUND comes with the first. */
  logs(id: string, options: LogOptions): AsyncIterable<string>
}
