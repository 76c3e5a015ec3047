import { join } from 'node:path'
import type { Logger } from 'pino'
import { createKindLifecycle } from './clusters/kind/lifecycle.ts'
import type { ClusterLifecycle } from './clusters/lifecycle.ts'
import type { Config } from './config.ts'
import { startInventory } from './inventory/start.ts'
import { createRenderer } from './packages/create-renderer.ts'
import { createKptPackages } from './packages/kpt.ts'
import { createSimulatedPackages } from './packages/simulated.ts'
import type { Parts } from './parts.ts'
import { createJournals, type Journals } from './provisioning/logs-journal.ts'
import type { StepPorts } from './provisioning/run/step-context.ts'
import { STEPS } from './provisioning/steps/registry.ts'
import { startProvisioningWorker } from './provisioning/worker.ts'
import { startDeliverer } from './subscriptions/deliverer.ts'
import { eventKinds } from './subscriptions/event-kinds.ts'
import { createChildProcesses } from './tools/child-processes.ts'
import { createDocker } from './tools/docker.ts'
import { createKind } from './tools/kind.ts'
import { createKpt } from './tools/kpt.ts'
import { endLeftovers, endOrphans } from './tools/leftovers.ts'

/**
 * Starts the worker role: the tools and drivers that steps act through, the simulated controllers, what keeps Inventory true, the queue's consumer, and what delivers
 * notifications. Resolves with how to stop it.
 */
export async function startWorker(
  config: Config,
  parts: Parts,
  apiRoot: string | undefined,
  log: Logger,
): Promise<() => Promise<void>> {
  const orphans = await endOrphans()
  if (orphans > 0) log.warn({ orphans }, 'child processes of a worker that died were ended')
  const journals = createJournals({ requests: parts.requests, log })
  const controllers = parts.simulated.startControllers()
  const { store, oClouds, registration } = parts
  const inventory = startInventory({ store, oClouds, identity: registration.identity, apiRoot, log })
  const worker = startProvisioningWorker({
    queue: parts.queue,
    queues: parts.queues,
    requests: parts.requests,
    catalogue: parts.templates,
    store: parts.store,
    steps: STEPS,
    ports: createPorts(config, parts, journals, log),
    journals,
    metrics: parts.metrics,
    accept: parts.accept,
    endLeftovers: async (reference) => {
      await endLeftovers(reference)
    },
    undoTimeoutMs: config.undoTimeoutSeconds * 1000,
    planTimeoutMs: config.dryRunTimeoutSeconds * 1000,
    concurrency: config.workerConcurrency,
    takeoverMs: config.takeoverSeconds * 1000,
    log,
    clock: () => new Date(),
  })
  parts.underway.watch(worker.runs)
  const deliverer = startDeliverer({
    store: parts.store,
    post: parts.outgoing.post,
    metrics: parts.metrics,
    kinds: eventKinds(apiRoot ?? `http://${config.host}:${config.port}`),
    settings: {
      firstMs: config.notificationFirstRetrySeconds * 1000,
      mostMs: config.notificationLongestRetrySeconds * 1000,
      windowMs: config.notificationRetryWindowSeconds * 1000,
    },
    log,
  })
  log.info({ concurrency: config.workerConcurrency, childProcesses: config.childProcesses }, 'the worker is running')
  return async () => {
    await Promise.all([worker.close(), inventory.stop(), controllers.stop(), deliverer.stop()])
  }
}

function createPorts(
  config: Config,
  { oClouds, simulated, store, metrics }: Parts,
  journals: Journals,
  log: Logger,
): StepPorts {
  const runDir = join(config.dataDir, 'run')
  const children = createChildProcesses({ limit: config.childProcesses, onPrinted: journals.printed, metrics })
  const kind = withNodeImage(
    createKindLifecycle({
      kind: createKind({ children, runDir }),
      docker: createDocker(children),
    }),
    config.kindNodeImage,
  )
  const kpt = createKptPackages({
    kpt: createKpt({ children, runDir }),
    kubeconfigOf: (oCloudId) => oClouds.credentials(oCloudId, 'tool'),
  })
  const simulatedPackages = createSimulatedPackages()
  return {
    oClouds,
    lifecycle: (driver) => (driver === 'kind' ? kind : simulated.lifecycle),
    packages: (cluster) => (cluster.simulated ? simulatedPackages : kpt),
    render: createRenderer(config, { children, runDir, withLock: store.locks.withLock, log }),
    locks: store.locks,
  }
}

/** Clusters that name no node image get that of the setting KIND_NODE_IMAGE, else kind's own. */
function withNodeImage(lifecycle: ClusterLifecycle, nodeImage: string | undefined): ClusterLifecycle {
  return {
    ...lifecycle,
    create: (spec, owner, options) =>
      lifecycle.create({ ...spec, nodeImage: spec.nodeImage ?? nodeImage }, owner, options),
  }
}
