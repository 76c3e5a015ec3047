import type { Logger } from 'pino'
import type { Cluster } from '../../clusters/cluster.ts'
import type { ClusterLifecycle } from '../../clusters/lifecycle.ts'
import type { OCloudRegistry } from '../../clusters/registry-types.ts'
import type { PackagePort, PackageSource, RenderedPackage } from '../../packages/package-port.ts'
import type { Locks } from '../../store/store.ts'
import type { Made, ProvisioningRecord } from '../record.ts'
import { KNOWN_AFTER_APPLY, type StepContext } from '../steps/step.ts'

/** The parts that every step gets through its context; made once in a worker. */
export interface StepPorts {
  oClouds: OCloudRegistry
  lifecycle: (driver: 'kind' | 'simulated') => ClusterLifecycle
  packages: (cluster: Pick<Cluster, 'simulated'>) => PackagePort
  render: (source: PackageSource) => Promise<RenderedPackage>
  locks: Locks
}

/** What differs between a run, an undo and a plan. */
export interface ContextParts {
  ports: StepPorts
  record: () => ProvisioningRecord
  step: string
  signal: AbortSignal
  log: Logger
  progress: (percent: number, message: string) => void
  checkpoint: (made: Made) => Promise<void>
  fence: () => Promise<void>
}

export function createStepContext({
  ports,
  record,
  step,
  signal,
  log,
  progress,
  checkpoint,
  fence,
}: ContextParts): StepContext {
  const { provisioningRequestId, reference, generation, data, simulated } = record()
  return {
    request: { provisioningRequestId, reference, generation, data, simulated },
    step,
    signal,
    log: log.child({ step }),
    run: { reference, step },
    get deadline() {
      return record().deadline
    },
    get steps() {
      return record().steps
    },
    cluster: async (oCloudId) => (oCloudId === KNOWN_AFTER_APPLY ? undefined : ports.oClouds.open(oCloudId)),
    status: (oCloudId) => ports.oClouds.status(oCloudId),
    lifecycle: ports.lifecycle,
    packages: ports.packages,
    render: ports.render,
    registerOCloud: (cluster) =>
      ports.oClouds.registerManaged({ ...cluster, madeBy: { provisioningRequestId, reference, step } }),
    unregisterOCloud: (oCloudId) => ports.oClouds.unregister(oCloudId),
    alone: (oCloudId, work) => ports.locks.withLock(`ocloud:${oCloudId}`, signal, work),
    progress,
    checkpoint,
    fence,
  }
}
