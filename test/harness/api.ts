import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { createApp } from '../../src/app.ts'
import { allOClouds } from '../../src/clusters/all-oclouds.ts'
import { createKubernetesCluster } from '../../src/clusters/kubernetes/cluster.ts'
import { createOCloudRegistry } from '../../src/clusters/registry.ts'
import type { OCloudRegistry } from '../../src/clusters/registry-types.ts'
import { createSimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import type { HttpSettings } from '../../src/http/settings.ts'
import { createInventory } from '../../src/inventory/inventory.ts'
import { startInventory } from '../../src/inventory/start.ts'
import { createOutgoing } from '../../src/outgoing/outgoing.ts'
import { createPackageRenderer } from '../../src/packages/render.ts'
import { createSimulatedPackages } from '../../src/packages/simulated.ts'
import { createJournals } from '../../src/provisioning/logs-journal.ts'
import { createRequests } from '../../src/provisioning/requests.ts'
import { createProvisioningService } from '../../src/provisioning/service.ts'
import type { Step } from '../../src/provisioning/steps/step.ts'
import { createTemplateCatalogue } from '../../src/provisioning/templates/catalogue.ts'
import type { Template } from '../../src/provisioning/templates/template.ts'
import { startProvisioningWorker } from '../../src/provisioning/worker.ts'
import { createQueues } from '../../src/queue/queues.ts'
import { openIdentity } from '../../src/registration/identity.ts'
import { createRegistration } from '../../src/registration/registration.ts'
import { createServiceState } from '../../src/service-state.ts'
import { startDeliverer } from '../../src/subscriptions/deliverer.ts'
import { eventKinds } from '../../src/subscriptions/event-kinds.ts'
import { createSubscriptions } from '../../src/subscriptions/service.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createUnderway } from '../../src/underway.ts'
import { labSettings } from '../outgoing/settings.ts'
import { createTestStore } from './redis.ts'
import { createThings, type ThingWorld } from './run.ts'
import { SAMPLES } from './samples.ts'

export interface TestApi {
  /** Whether there are runs or open event streams. */
  isUnderway(): boolean
  url: string
  /** What the steps of the template `things` make. */
  world: ThingWorld
  oClouds: OCloudRegistry
  /** Ends Redis under the running service. */
  stopRedis(): Promise<void>
  /** Everything that was logged. */
  log(): string
  close(): Promise<void>
}

const GENESIS = {
  globalLocationIds: [],
  globalAssetIds: [],
  oCloudName: 'test',
  oCloudDescription: 'An O-Cloud of tests',
}

/** A template whose parameters name the things that its two steps make, on an O-Cloud. */
export const THINGS: Template = {
  name: 'things',
  version: '1.0.0',
  description: 'Two things',
  result: 'resources',
  timeoutSeconds: 60,
  parameterSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['oCloud'],
    additionalProperties: false,
    properties: {
      oCloud: { type: 'string', format: 'o-cloud' },
      first: { type: 'string', default: 'a' },
      second: { type: 'string', default: 'b' },
    },
  },
  steps: [
    { name: 'one', uses: 'thing', with: { thing: '{{ first }}', target: '{{ oCloud }}' } },
    { name: 'two', uses: 'thing', with: { thing: '{{ second }}', target: '{{ oCloud }}' } },
  ],
}

/** The API on a random port, with the real services behind it: a store, queues and, unless told otherwise, a worker. The steps make things in memory. */
export async function startTestApi({
  worker = true,
  concurrency = 20,
  settings,
  steps: others,
  planTimeoutMs = 2000,
  keepInventory = false,
  maxSubscriptions = 1000,
}: {
  worker?: boolean
  concurrency?: number
  settings?: Partial<HttpSettings>
  /** Instead of the one that makes things in memory: they act on simulated O-Clouds, whose controllers run. */
  steps?: ReadonlyMap<string, Step>
  planTimeoutMs?: number
  /** Inventory follows the O-Clouds, as it does in a service with a worker. */
  keepInventory?: boolean
  maxSubscriptions?: number
} = {}): Promise<TestApi> {
  const { store, redis, stop } = await createTestStore()
  let logged = ''
  const log = pino(
    { level: 'debug' },
    new Writable({
      write(chunk, _encoding, done) {
        logged += chunk
        done()
      },
    }),
  )
  const connect = () => new Redis(redis.url, { maxRetriesPerRequest: null, protocol: 2 })
  const queue = { connect, connectProducer: connect, prefix: '{o2ims}', log }
  const queues = createQueues(queue)
  const { world, step } = createThings()
  const steps = new Map([['thing', step as Step], ...(others ?? [])])
  const simulated = createSimulatedClusters({ store, log, delays: { startMs: 20, runMs: 20, createMs: 60 } })
  const controllers = others && simulated.startControllers()
  const oClouds = createOCloudRegistry({
    store,
    simulated,
    connect: ({ oCloudId, kubeconfig }) => createKubernetesCluster({ oCloudId, kubeconfig, log }),
    log,
    statusCacheSeconds: 1,
  })
  const catalogue = createTemplateCatalogue({
    store,
    stepRegistry: steps,
    resolveOCloud: oClouds.resolve,
    listOClouds: () => allOClouds(oClouds),
    log,
  })
  const requests = createRequests(store)
  const metrics = createMetrics(createServiceState({ store, requests, queues }))
  const clock = () => new Date()
  const shared = {
    store,
    requests,
    queues,
    metrics,
    log,
    clock,
    catalogue,
    oClouds,
    secrets: store.secrets,
    planTimeoutMs,
  }
  const provisioning = createProvisioningService(shared)
  const running = worker
    ? startProvisioningWorker({
        ...shared,
        accept: shared,
        queue,
        steps,
        ports: {
          oClouds,
          lifecycle: () => simulated.lifecycle,
          packages: () => createSimulatedPackages(),
          render: createPackageRenderer({ packageRoot: join(SAMPLES, 'packages') }),
          locks: store.locks,
        },
        endLeftovers: async () => undefined,
        journals: createJournals({ requests, log }),
        undoTimeoutMs: 5000,
        concurrency,
        takeoverMs: 10_000,
      })
    : undefined
  const underway = createUnderway()
  if (running) underway.watch(running.runs)
  await catalogue.publish(THINGS)
  await oClouds.create({ name: 'sim-1', simulated: true })
  const registration = createRegistration({
    store,
    outgoing: { post: async () => ({ accepted: true, status: 204 }) },
    identity: await openIdentity(store, GENESIS),
    callback: undefined,
    log,
    clock,
  })
  const { identity } = registration
  const inventory = keepInventory ? startInventory({ store, oClouds, identity, apiRoot: undefined, log }) : undefined
  const outgoing = createOutgoing({ settings: labSettings() })
  const subscriptions = createSubscriptions({ store, acceptCallback: outgoing.acceptCallback, most: maxSubscriptions })
  const deliverer = worker
    ? startDeliverer({
        store,
        post: outgoing.post,
        metrics,
        kinds: eventKinds('http://o2ims.example'),
        settings: { firstMs: 20, mostMs: 200, windowMs: 60_000 },
        log,
      })
    : undefined
  const app = await createApp({
    registration,
    subscriptions,
    inventory: createInventory(store),
    provisioning,
    oClouds,
    templates: catalogue,
    metrics,
    underway,
    ready: store.ping,
    log,
    settings: { heartbeatSeconds: 15, markerKey: randomBytes(16).toString('hex'), ...settings },
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    isUnderway: underway.any,
    world,
    oClouds,
    stopRedis: () => redis.kill(),
    log: () => logged,
    async close() {
      await app.close()
      await running?.close()
      await inventory?.stop()
      await controllers?.stop()
      await deliverer?.stop()
      await outgoing.close()
      await queues.close()
      await oClouds.close()
      await stop()
    },
  }
}

/** A body that the template `things` takes. */
export function thingsRequest(provisioningRequestId: string, more: object = {}) {
  return {
    provisioningRequestId,
    name: 'two things',
    description: 'made for a test',
    templateName: 'things',
    templateVersion: '1.0.0',
    templateParameters: { oCloud: 'sim-1' },
    ...more,
  }
}
