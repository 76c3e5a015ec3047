import type { Logger } from 'pino'
import type { Cluster } from '../../clusters/cluster.ts'
import type { ClusterLifecycle } from '../../clusters/lifecycle.ts'
import type { OCloudRegistry } from '../../clusters/registry-types.ts'
import { ServiceError } from '../../errors.ts'
import { simulatedKubeconfig } from '../../operators/simulated-kubeconfig.ts'
import type { PackagePort, RenderPackage } from '../../packages/package-port.ts'
import type { Locks } from '../../store/store.ts'
import type { Made, ProvisioningRecord } from '../record.ts'
import { KNOWN_AFTER_APPLY, type StepContext } from '../steps/step.ts'

/** The parts that every step gets through its context; made once in a worker. */
export interface StepPorts {
  oClouds: OCloudRegistry
  lifecycle: (driver: 'kind' | 'simulated') => ClusterLifecycle
  packages: (cluster: Pick<Cluster, 'simulated'>) => PackagePort
  render: RenderPackage
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

export function createStepContext(parts: ContextParts): StepContext {
  const { ports, record, step, signal, log, progress, checkpoint, fence } = parts
  const { provisioningRequestId, reference, generation, data, simulated, options, rollback } = record()
  return {
    request: { provisioningRequestId, reference, generation, data, simulated },
    step,
    rollingBack: rollback !== undefined,
    operatorBehaviour: simulated ? options?.simulation?.operator : undefined,
    ...(simulated && { simulatedHooks: options?.simulation?.hooks }),
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
    describe: (oCloudId) =>
      ports.oClouds.get(oCloudId).then(
        ({ value: { name, managed, endpoints, compliance } }) => ({
          name,
          managed,
          ...(endpoints && { endpoints }),
          ...(compliance && { compliance }),
        }),
        (error: unknown) => {
          if (error instanceof ServiceError && error.code === 'NOT_FOUND') return {}
          throw error
        },
      ),
    kubeconfig: (oCloudId) => kubeconfigOf(oCloudId, ports, signal),
    lifecycle: ports.lifecycle,
    packages: ports.packages,
    render: ports.render,
    registerOCloud: (cluster) =>
      ports.oClouds.registerManaged({ ...cluster, madeBy: { provisioningRequestId, reference, step } }),
    unregisterOCloud: (oCloudId) => ports.oClouds.unregister(oCloudId),
    alone: (oCloudId, work) =>
      ports.locks.withLock(`ocloud:${oCloudId}`, signal, (held) =>
        work(
          createStepContext({
            ...parts,
            signal: held,
            fence: async () => {
              held.throwIfAborted()
              await fence()
            },
          }),
        ),
      ),
    progress,
    checkpoint,
    fence,
  }
}

async function kubeconfigOf(
  oCloudId: string,
  { oClouds, lifecycle }: Pick<StepPorts, 'oClouds' | 'lifecycle'>,
  signal: AbortSignal,
): Promise<string> {
  const { value } = await oClouds.get(oCloudId)
  if (value.simulated) return simulatedKubeconfig(oCloudId)
  const { name, madeBy } = value
  const kind = lifecycle('kind')
  // A cluster of that name may be another one by now, or stand at another docker.
  const presence = madeBy && (await kind.find(name, { signal }).catch(withoutDocker))
  const stands = presence?.state === 'present' && presence.owner === madeBy?.reference
  const internal = stands ? await kind.kubeconfig(name, { signal, internal: true }) : undefined
  return internal ?? oClouds.credentials(oCloudId, 'hand out')
}

/** A worker without docker has the kubeconfig all the same, with the address that was registered. */
function withoutDocker(error: unknown): undefined {
  if (!(error instanceof ServiceError) || error.code !== 'PREFLIGHT_FAILED') throw error
}
