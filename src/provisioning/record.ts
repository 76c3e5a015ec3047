import type { ObjectRef } from '../clusters/cluster.ts'
import type { ErrorCode } from '../errors.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { OperatorBehaviour } from '../operators/behaviour.ts'

/** ProvisioningPhase, O2IMS 3.4.6.3.3.1. */
export type ProvisioningPhase = 'PENDING' | 'PROGRESSING' | 'FULFILLED' | 'FAILED' | 'DELETING'

export type StepState = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'SKIPPED' | 'UNDOING' | 'UNDONE'

/** ProvisioningRequestData, O2IMS 3.4.6.2.2: what the SMO sends. */
export interface ProvisioningRequestData {
  provisioningRequestId: string
  name: string
  description: string
  templateName: string
  templateVersion: string
  templateParameters?: JsonObject
}

export interface SimulationOptions {
  /** Milliseconds that each step takes longer. */
  stepDelayMs?: number
  /** Name of the step that fails. */
  failAt?: string
  /** Name of the step that falls silent until the deadline. */
  silentAt?: string
  /** What the operators that are played shall do with what this request asks of them. */
  operator?: OperatorBehaviour
  /** How the Jobs of hooks go wrong, by the hook's name. */
  hooks?: Record<string, HookTrouble>
}

export interface HookTrouble {
  /** `fail`: its container ends with an error. `image`: its image cannot be pulled. */
  fails?: 'fail' | 'image'
  /** What it prints. */
  log?: string
}

/** When a request may start: at each time of the schedule, for so long. */
export interface MaintenanceWindow {
  /** Five fields of cron. */
  schedule: string
  durationSeconds: number
  /** IANA name; UTC when absent. */
  timeZone?: string
}

export interface ApprovalOptions {
  required: boolean
  /** Who may decide; the template's when absent, and anybody when that names none. */
  approvers?: string[]
}

/** What the front door takes beside the six fields of the specification. */
export interface RequestOptions {
  timeoutSeconds?: number
  cleanupOnFailure?: boolean
  deleteClusterOnFailure?: boolean
  simulation?: SimulationOptions
  /** 1 to 100, 100 most urgent. */
  priority?: number
  /** How often a step is tried again after a failure that may pass; until the deadline when absent. */
  retries?: number
  rollbackOnFailure?: boolean
  maintenanceWindow?: MaintenanceWindow
  approval?: ApprovalOptions
}

/** The decision about one generation. `verified` is false: whoever asked was believed. */
export type ApprovalRecord = {
  required: true
  state: 'PENDING' | 'APPROVED' | 'REJECTED'
  approvers?: string[]
  approver?: string
  comment?: string
  at?: string
  verified?: false
}

/** An object that a step made or touched. `madeIn` is the generation that created it; absent when it was there before us. */
export interface MadeObject extends ObjectRef {
  uid?: string
  /** Where it stands when that is not the O-Cloud of its step: what an operator makes on another one for us. */
  oCloudId?: string
  action: 'created' | 'updated' | 'unchanged' | 'deleted'
  madeIn?: number
  /** About to be made, and not seen to stand: entered so that what a death leaves behind is found. */
  intended?: true
}

/** What a step leaves behind: enough to undo it without its inputs, also after a half-finished apply. Never holds a secret. */
export interface Made {
  /** The O-Cloud on which it stands. */
  oCloudId?: string
  objects: MadeObject[]
  /** What later steps may refer to as `{{ steps.<step>.<field> }}`. */
  outputs: Record<string, JsonValue>
  /** The step's own notes, e.g. the inventory id. */
  notes: Record<string, JsonValue>
}

export interface StepRecord {
  name: string
  uses: string
  state: StepState
  startedAt?: string
  finishedAt?: string
  message?: string
  percent?: number
  made?: Made
  /** Keyed hash of the rendered inputs: equal hash means that nothing needs to run again. */
  inputsHash?: string
  /** What the step's objects hang on (target, name, namespace): when it changes, what was made before is set aside and undone later. */
  identity?: string
  /** How often it failed in this generation and was tried again. */
  tries?: number
  /** Only on retired steps: tells them apart from each other and from the standing step of the same name. */
  retiredKey?: string
}

export interface FailureRecord {
  code: ErrorCode
  exitCode: number
  step: string | null
  cause: string
  undone: MadeObject[]
  left: (MadeObject & { reason: string })[]
  /** The code before something could not be removed. */
  firstCode?: ErrorCode
  /** The generation whose content stands again. */
  rolledBackTo?: number
}

/** What the last FULFILLED generation was, kept while a newer one is at work or has failed: enough to apply it again. */
export type FulfilledGeneration = Pick<
  ProvisioningRecord,
  'generation' | 'data' | 'options' | 'sealed' | 'sentHash' | 'parameters' | 'oCloudIds' | 'simulated' | 'result'
>

/** A rollback under way: `steps` of the record are those of the generation that is applied again. */
export interface RollbackRecord {
  to: number
  /** What the record goes back to in the end. */
  failed: Pick<ProvisioningRecord, 'steps' | 'deadline'>
}

/** What is stored for a provisioning request. Every write raises `n`; every PUT, DELETE and retry raises `generation`; every take-over raises `epoch`. */
export interface ProvisioningRecord {
  provisioningRequestId: string
  /** provisioningRequestReference: ours, never changes; names in Kubernetes come from it. */
  reference: string
  createdAt: string
  generation: number
  epoch: number
  n: number
  /** As sent, without writeOnly values (they are in `sealed`). */
  data: ProvisioningRequestData
  /** As sent; absent when the client sent none. */
  options?: RequestOptions
  /** The writeOnly template parameters, encrypted; absent when there are none. */
  sealed?: string
  /** Of what asked for this generation (W3C traceparent): its runs belong to that trace, in whatever process. */
  traceparent?: string
  /** Hash of the body as sent, keyed, so that a blind retry is recognised. */
  sentHash: string
  /** Parameters with defaults filled in and O-Clouds resolved to ids; without writeOnly values. */
  parameters: JsonObject
  /** Ids of the O-Clouds that this request names or made. */
  oCloudIds: string[]
  simulated: boolean
  phase: ProvisioningPhase
  message: string
  /** Last change of the phase. */
  updateTime: string
  /** A PENDING request waits until then for its maintenance window. */
  notBefore?: string
  /** The decision that this generation waits for or got; absent when none is asked for. */
  approval?: ApprovalRecord
  lastFulfilled?: FulfilledGeneration
  rollback?: RollbackRecord
  /** Set by cancel, obeyed by the worker at the next safe point. */
  cancelRequested?: boolean
  /** How often a DELETE could not remove everything; makes its backoff. */
  deleteTries?: number
  /** Set by retry: steps run again though their inputs did not change. */
  force?: boolean
  deadline: string | null
  /** First step's start of this generation. */
  startedAt?: string
  finishedAt?: string
  /** What the template gives: decides which kind of resources is answered. */
  result: 'nodeCluster' | 'resources'
  percent: number
  currentStep: string | null
  steps: StepRecord[]
  /** Steps of earlier generations that the template no longer has, or that a PUT replaced: to be undone when the new ones stand. */
  retired: StepRecord[]
  error?: FailureRecord
  provisionedResourceSet?: { nodeClusterId?: string; infrastructureResourceIds?: string[] }
  /** resourceName of each provisioned resource, by its id, for the 1.2.0 status fields. */
  resources?: { resourceName: string; resourceId: string; resourceProvisioningPhase: ResourceProvisioningPhase }[]
}

/** ResourceProvisioningPhase, Provisioning 1.2.0. */
export type ResourceProvisioningPhase = 'PROCESSING' | 'PROVISIONED' | 'AWAITING_FREE_RESOURCES' | 'FAILED'

/** What goes into the event log with a change; `wire.md` names and shapes. */
export type ProvisioningEvent =
  | {
      event: 'step'
      data: {
        provisioningRequestId: string
        generation: number
        step: string
        state: StepState
        percent: number
        message: string
        at: string
      }
    }
  | {
      event: 'phase'
      data: {
        provisioningRequestId: string
        generation: number
        provisioningPhase: ProvisioningPhase
        message: string
        approval?: ApprovalRecord
        at: string
      }
    }
  | { event: 'end'; data: { provisioningPhase: ProvisioningPhase } | { deleted: true; left?: JsonValue } }
