import { randomUUID } from 'node:crypto'
import type { Cluster, OCloudStatus } from '../../src/clusters/cluster.ts'
import type { ClusterLifecycle } from '../../src/clusters/lifecycle.ts'
import { ServiceError } from '../../src/errors.ts'
import type { PackagePort, PackageSource, RenderedPackage } from '../../src/packages/package-port.ts'
import type { Made, StepRecord } from '../../src/provisioning/record.ts'
import { Interruption } from '../../src/provisioning/run/interruption.ts'
import { KNOWN_AFTER_APPLY, type StepContext } from '../../src/provisioning/steps/step.ts'
import { silentLog } from './redis.ts'

export interface TestContextParts {
  /** By their oCloudId. */
  clusters?: readonly Cluster[]
  /** Opens what is not among them, e.g. what the step has registered. */
  open?: (oCloudId: string, registered: TestContext['registered']) => Promise<Cluster>
  /** What stood registered before (by a run that died). */
  registered?: TestContext['registered']
  lifecycle?: ClusterLifecycle
  packages?: PackagePort
  render?: (source: PackageSource) => Promise<RenderedPackage>
  operatorBehaviour?: StepContext['operatorBehaviour']
  kubeconfig?: StepContext['kubeconfig']
  status?: (oCloudId: string) => Promise<OCloudStatus>
  describe?: StepContext['describe']
  reference?: string
  generation?: number
  step?: string
  signal?: AbortSignal
  deadline?: string
  steps?: readonly StepRecord[]
  /** Called before each checkpoint and after it, with what is written. */
  onCheckpoint?: (when: 'before' | 'after', made: Made) => void
}

export interface TestContext {
  context: StepContext
  /** What was written down, oldest first; copies. */
  checkpoints: Made[]
  /** The newest checkpoint: what a run after a death gets as `previous`. */
  last(): Made | undefined
  progress: { percent: number; message: string }[]
  /** O-Clouds that were registered and not removed, by id. */
  registered: Map<string, { name: string; kubeconfig?: string }>
  /** From now on another worker has taken over. */
  trip(): void
}

/** What a step gets in a run, on real ports: checkpoints are recorded, and the fence can be tripped. */
export function testContext(parts: TestContextParts = {}): TestContext {
  const { reference = randomUUID(), generation = 1, step = 'step', onCheckpoint } = parts
  const checkpoints: Made[] = []
  const progress: TestContext['progress'] = []
  const registered: TestContext['registered'] = parts.registered ?? new Map()
  let tripped = false
  const fence = async (): Promise<void> => {
    if (tripped) throw new Interruption('fenced', 'another worker has taken over')
  }
  const context: StepContext = {
    request: {
      provisioningRequestId: `request-${reference}`,
      reference,
      generation,
      data: {
        provisioningRequestId: `request-${reference}`,
        name: 'test',
        description: 'test',
        templateName: 'test',
        templateVersion: '1.0.0',
      },
      simulated: false,
    },
    step,
    rollingBack: false,
    signal: parts.signal ?? AbortSignal.timeout(120_000),
    log: silentLog(),
    run: { reference, step },
    deadline: parts.deadline ?? null,
    steps: parts.steps ?? [],
    async cluster(oCloudId) {
      if (oCloudId === KNOWN_AFTER_APPLY) return undefined
      const cluster = parts.clusters?.find((candidate) => candidate.oCloudId === oCloudId)
      if (cluster !== undefined) return cluster
      if (parts.open === undefined) throw new ServiceError('NOT_FOUND', `O-Cloud ${oCloudId} does not exist`)
      return parts.open(oCloudId, registered)
    },
    operatorBehaviour: parts.operatorBehaviour,
    ...(parts.describe && { describe: parts.describe }),
    kubeconfig: (oCloudId) => given(parts.kubeconfig, 'kubeconfig')(oCloudId),
    status: parts.status ?? (async () => ({ reachable: true, checkedAt: new Date().toISOString() })),
    lifecycle: () => given(parts.lifecycle, 'lifecycle'),
    packages: () => given(parts.packages, 'packages'),
    render: (source) => given(parts.render, 'render')(source),
    async registerOCloud(cluster) {
      const oCloudId = `${reference}-${step}`
      registered.set(oCloudId, cluster)
      return oCloudId
    },
    async unregisterOCloud(oCloudId) {
      registered.delete(oCloudId)
    },
    alone: (_oCloudId, work) => work(context),
    progress: (percent, message) => progress.push({ percent, message }),
    async checkpoint(made) {
      await fence()
      onCheckpoint?.('before', made)
      checkpoints.push(structuredClone(made))
      onCheckpoint?.('after', made)
    },
    fence,
  }
  return {
    context,
    checkpoints,
    last: () => checkpoints.at(-1),
    progress,
    registered,
    trip: () => {
      tripped = true
    },
  }
}

function given<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new Error(`this test needs ${name} in its context`)
  return part
}
