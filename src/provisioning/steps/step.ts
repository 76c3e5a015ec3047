import type { Logger } from 'pino'
import type { ZodType } from 'zod'
import type { Cluster, ObjectRef, OCloudStatus } from '../../clusters/cluster.ts'
import type { ClusterLifecycle, RunScope } from '../../clusters/lifecycle.ts'
import type { OCloud } from '../../clusters/registry-types.ts'
import type { OperatorBehaviour } from '../../operators/behaviour.ts'
import type { PackagePort, RenderPackage } from '../../packages/package-port.ts'
import type { Made, MadeObject, ProvisioningRecord, SimulationOptions, StepRecord } from '../record.ts'

/** What a step would do to one object; the dry run's answer. */
export interface Change {
  action: 'create' | 'update' | 'delete' | 'none'
  object: ObjectRef
}

/** Stands in a plan for what only an earlier step can tell. */
export const KNOWN_AFTER_APPLY = '(known after apply)'

/** What undo could and could not remove. */
export interface Undone {
  undone: MadeObject[]
  left: (MadeObject & { reason: string })[]
  /** What is shared and stays for good, because somebody else uses it: nothing that has to be tried again. */
  kept?: (MadeObject & { reason: string })[]
  /** True: the O-Cloud could not be asked at all. */
  away?: boolean
}

/** The ports and facts that every verb of a step gets. A step never touches Redis, BullMQ or HTTP. */
export interface StepContext {
  readonly request: Readonly<
    Pick<ProvisioningRecord, 'provisioningRequestId' | 'reference' | 'generation' | 'data' | 'simulated'>
  >
  readonly step: string
  /** True: an earlier generation is applied again, after this one has failed. */
  readonly rollingBack: boolean
  /** What the operators that are played shall do, as the request's options have it; undefined on real targets. */
  readonly operatorBehaviour: OperatorBehaviour | undefined
  /** How the Jobs of hooks shall go wrong on simulated targets, by the hook's name. */
  readonly simulatedHooks?: SimulationOptions['hooks']
  /** Aborted at the deadline (TIMEOUT), on cancel, on take-over and at shutdown; its reason says which. */
  readonly signal: AbortSignal
  readonly log: Logger
  readonly run: RunScope
  /** RFC 3339; null in a plan. */
  readonly deadline: string | null
  /** The open cluster of a registered O-Cloud. Undefined in a plan when the id is KNOWN_AFTER_APPLY. */
  cluster(oCloudId: string): Promise<Cluster | undefined>
  status(oCloudId: string): Promise<OCloudStatus>
  /** How it is called, whether a request of ours made it, and what its operator says of it; nothing when it is gone. */
  describe?(oCloudId: string): Promise<Partial<Pick<OCloud, 'name' | 'managed' | 'endpoints' | 'compliance'>>>
  /**
   * The kubeconfig of a registered O-Cloud, for a Secret on another one: a secret that goes nowhere else, into no record, message or log. That of a kind cluster has the
   * address at which other containers reach it; that of a simulated one an address that only operators which are played can follow.
   */
  kubeconfig(oCloudId: string): Promise<string>
  lifecycle(driver: 'kind' | 'simulated'): ClusterLifecycle
  /** The port for real or simulated clusters; preflight asks before there is a cluster. */
  packages(cluster: Pick<Cluster, 'simulated'>): PackagePort
  /** Reads a package from its source and sets the values; nothing of the request is written to disk. */
  render: RenderPackage
  /** Registers a cluster that this request made as an O-Cloud, or finds it again: the same id for the same request and step. */
  registerOCloud(cluster: { name: string; kubeconfig?: string }): Promise<string>
  unregisterOCloud(oCloudId: string): Promise<void>
  /** Runs alone on that O-Cloud, across all workers. The context that `work` gets ends also when the lock is lost: use it, not the outer one. */
  alone<T>(oCloudId: string, work: (context: StepContext) => Promise<T>): Promise<T>
  /** 0 to 100 of this step, and one line. Throttled by the runner; never blocks. */
  progress(percent: number, message: string): void
  /**
   * Writes what this step is about to make or has made, before the next effect. Rejects when another worker has taken over (fenced):
   * call it before an effect and the effect is safe to undo after a death.
   */
  checkpoint(made: Made): Promise<void>
  /** Throws when this worker has been fenced off: called just before every write to a cluster. */
  fence(): Promise<void>
  /** What this request made until now, newest last: for `report` and for the plan of changes. */
  readonly steps: readonly StepRecord[]
}

/**
 * One kind of step: one file, one line in the registry. `Inputs` are the rendered `with` of the template.
 * apply looks first and changes only what differs; it may be killed at any instant and is run again with the last checkpoint.
 */
export interface Step<Inputs = unknown> {
  readonly uses: string
  readonly inputs: ZodType<Inputs>
  /** The fields that apply puts in `outputs`. */
  readonly outputs: readonly string[]
  /** True: runs in every generation, also when its inputs did not change (it asks about the world, or about the others). */
  readonly always?: boolean
  /**
   * What its objects hang on; the target alone when absent. When a PUT changes it, apply gets no `previous`, and what the earlier generation made is undone when the new one stands.
   */
  identity?(inputs: Inputs): string
  /** What would change; writes nothing. `previous` is what the same step made in an earlier generation. */
  plan(inputs: Inputs, previous: Made | undefined, context: StepContext): Promise<Change[]>
  apply(inputs: Inputs, previous: Made | undefined, context: StepContext): Promise<Made>
  /** Waits by watching until it is true; rejects when it cannot become true. May return Made with more facts (uids, outputs). */
  verify(inputs: Inputs, made: Made, context: StepContext): Promise<Made>
  /**
   * Removes what the step made: with scope 'generation' only objects whose `madeIn` is the request's generation, with 'all' everything.
   * Works from `made` alone, also after a half-finished apply; what is gone already counts as undone.
   */
  undo(made: Made, scope: 'generation' | 'all', context: StepContext): Promise<Undone>
}
