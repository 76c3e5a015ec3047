import type { Logger } from 'pino'
import { allOClouds } from './clusters/all-oclouds.ts'
import { createOwnCluster } from './clusters/in-cluster/own-cluster.ts'
import { createKubernetesCluster } from './clusters/kubernetes/cluster.ts'
import { createOCloudRegistry } from './clusters/registry.ts'
import type { OCloudRegistry } from './clusters/registry-types.ts'
import { createSimulatedClusters, type SimulatedClusters } from './clusters/simulated/simulated-clusters.ts'
import type { Config } from './config.ts'
import { createInventory, type Inventory } from './inventory/inventory.ts'
import { createOutgoing, type Outgoing } from './outgoing/outgoing.ts'
import type { AcceptParts } from './provisioning/accept.ts'
import { createRequests, type Requests } from './provisioning/requests.ts'
import { createProvisioningService } from './provisioning/service.ts'
import type { ProvisioningService } from './provisioning/service-types.ts'
import { STEPS } from './provisioning/steps/registry.ts'
import { createTemplateCatalogue } from './provisioning/templates/catalogue.ts'
import type { TemplateCatalogue } from './provisioning/templates/catalogue-types.ts'
import { createQueues, type QueueParts, type Queues } from './queue/queues.ts'
import { openIdentity } from './registration/identity.ts'
import { createRegistration, type RegistrationService } from './registration/registration.ts'
import { createServiceState } from './service-state.ts'
import { type OpenStore, openStore } from './store/open-store.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions/service.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import { createUnderway, type Underway } from './underway.ts'

/** What both roles are made of. */
export interface Parts {
  store: OpenStore['store']
  requests: Requests
  queue: QueueParts
  queues: Queues
  accept: AcceptParts
  oClouds: OCloudRegistry
  simulated: SimulatedClusters
  templates: TemplateCatalogue
  provisioning: ProvisioningService
  outgoing: Outgoing
  registration: RegistrationService
  subscriptions: Subscriptions
  inventory: Inventory
  metrics: Metrics
  underway: Underway
}

/** Opens the store and builds what both roles use; how each is closed is put on `closing`, in order. */
export async function createParts(config: Config, log: Logger, closing: (() => Promise<void>)[]): Promise<Parts> {
  const opened = await openStore({ settings: config, log })
  closing.push(opened.close)
  const { store } = opened
  const simulated = createSimulatedClusters({ store, log })
  const identity = await openIdentity(store, config)
  const oClouds = createOCloudRegistry({
    store,
    simulated,
    connect: (oCloud) => createKubernetesCluster({ ...oCloud, log }),
    own: config.inCluster && createOwnCluster(config.inCluster, identity.oCloudId),
    log,
    statusCacheSeconds: config.oCloudStatusCacheSeconds,
  })
  closing.push(() => oClouds.close())
  const templates = createTemplateCatalogue({
    store,
    stepRegistry: STEPS,
    resolveOCloud: oClouds.resolve,
    listOClouds: () => allOClouds(oClouds),
    log,
  })
  const requests = createRequests(store)
  const queue: QueueParts = {
    connect: opened.connectQueue,
    connectProducer: opened.connectQueueProducer,
    prefix: opened.queuePrefix,
    log,
  }
  const queues = createQueues(queue)
  closing.push(() => queues.close())
  const { deleteClusterOnFailure } = config
  const accept: AcceptParts = { catalogue: templates, oClouds, secrets: store.secrets, deleteClusterOnFailure }
  const provisioning = createProvisioningService({
    ...accept,
    store,
    requests,
    queues,
    planTimeoutMs: config.dryRunTimeoutSeconds * 1000,
    log,
    clock: () => new Date(),
  })
  const outgoing = createOutgoing({ settings: config })
  closing.push(() => outgoing.close())
  const registration = createRegistration({
    store,
    outgoing,
    identity,
    callback: config.smoRegistrationUrl,
    log,
    clock: () => new Date(),
  })
  const subscriptions = createSubscriptions({
    store,
    acceptCallback: outgoing.acceptCallback,
    most: config.maxSubscriptions,
  })
  return {
    store,
    requests,
    queue,
    queues,
    accept,
    oClouds,
    simulated,
    templates,
    provisioning,
    outgoing,
    registration,
    subscriptions,
    inventory: createInventory(store),
    metrics: createMetrics(createServiceState({ store, requests, queues })),
    underway: createUnderway(),
  }
}
