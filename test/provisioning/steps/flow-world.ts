import { join } from 'node:path'
import type { Cluster, KindRef, KubernetesObject, ObjectRef } from '../../../src/clusters/cluster.ts'
import { createOCloudRegistry } from '../../../src/clusters/registry.ts'
import type { OCloudRegistry } from '../../../src/clusters/registry-types.ts'
import { createSimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { ServiceError } from '../../../src/errors.ts'
import type { JsonObject } from '../../../src/json.ts'
import { createPackageRenderer } from '../../../src/packages/render.ts'
import { createSimulatedPackages } from '../../../src/packages/simulated.ts'
import { accept } from '../../../src/provisioning/accept.ts'
import { created, deleting, replaced, retried } from '../../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord, RequestOptions } from '../../../src/provisioning/record.ts'
import { createRequests, topicOf } from '../../../src/provisioning/requests.ts'
import { type RunParts, runRequest } from '../../../src/provisioning/run/run-request.ts'
import { STEPS } from '../../../src/provisioning/steps/registry.ts'
import { createTemplateCatalogue } from '../../../src/provisioning/templates/catalogue.ts'
import { loadTemplateSamples } from '../../../src/provisioning/templates/load-samples.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import { createTestStore, silentLog } from '../../harness/redis.ts'
import { SAMPLES } from '../../harness/samples.ts'

/** Requests with the real steps on simulated O-Clouds, `smo` and `edge` among them, whose operators act; run to their end by the caller. */
export interface FlowWorld {
  oClouds: OCloudRegistry
  smo: Cluster
  edge: Cluster
  /** Registers a simulated O-Cloud. */
  oCloud(name: string): Promise<Cluster>
  /** The ids of O-Clouds that requests cannot reach at the moment. */
  away: Set<string>
  publish(template: Template): Promise<void>
  /** A request, run to its end. */
  provision(id: string, template: string, parameters: JsonObject, options?: RequestOptions): Promise<ProvisioningRecord>
  change(id: string, parameters: JsonObject, options?: RequestOptions): Promise<ProvisioningRecord>
  retry(id: string): Promise<ProvisioningRecord>
  /** One try of its removal: undefined when the request is gone. */
  remove(id: string): Promise<ProvisioningRecord | undefined>
  /** The last event of a request, when it ends. */
  end(id: string): Promise<unknown>
  stop(): Promise<void>
}

export async function flowWorld({ undoTimeoutMs = 20_000 } = {}): Promise<FlowWorld> {
  const { store, stop } = await createTestStore()
  const log = silentLog()
  const simulated = createSimulatedClusters({ store, log, delays: { startMs: 10, runMs: 10, createMs: 30 } })
  const controllers = simulated.startControllers()
  const oClouds = createOCloudRegistry({
    store,
    simulated,
    connect: () => Promise.reject(new Error('nothing is real here')),
    log,
    statusCacheSeconds: 0,
  })
  const catalogue = createTemplateCatalogue({
    store,
    stepRegistry: STEPS,
    resolveOCloud: (name) => oClouds.resolve(name),
    log,
  })
  await loadTemplateSamples({ catalogue, directory: join(SAMPLES, 'templates'), log })
  const requests = createRequests(store)
  const away = new Set<string>()
  const packages = createSimulatedPackages()
  const parts: RunParts = {
    requests,
    catalogue,
    store,
    steps: STEPS,
    ports: {
      oClouds: { ...oClouds, open: async (id) => unlessAway(await oClouds.open(id), away) },
      lifecycle: () => simulated.lifecycle,
      packages: () => packages,
      render: createPackageRenderer({ packageRoot: join(SAMPLES, 'packages') }),
      locks: store.locks,
    },
    endLeftovers: async () => undefined,
    undoTimeoutMs,
    log,
    clock: () => new Date(),
  }
  const { clock } = parts

  async function run({ provisioningRequestId, reference, generation }: ProvisioningRecord) {
    await runRequest({ provisioningRequestId, reference, generation }, new AbortController().signal, parts)
    return requests.find(provisioningRequestId)
  }

  async function ended(record: ProvisioningRecord): Promise<ProvisioningRecord> {
    const after = await run(record)
    if (after === undefined) throw new Error('the request is gone')
    return after
  }

  const accepted = (
    { provisioningRequestId, templateName, reference, before }: Asked,
    parameters: JsonObject,
    options: RequestOptions | undefined,
  ) => {
    const described = { provisioningRequestId, name: provisioningRequestId, description: 'of a test' }
    const data = { ...described, templateName, templateVersion: '1.0.0', templateParameters: parameters }
    const sent = { data, ...(options && { options }), canonical: false }
    return accept(sent, reference, before, { catalogue, oClouds, secrets: store.secrets })
  }

  const oCloud = async (name: string) => oClouds.open((await oClouds.create({ name, simulated: true })).value.oCloudId)

  return {
    oClouds,
    smo: await oCloud('sim-smo'),
    edge: await oCloud('sim-edge'),
    oCloud,
    away,
    publish: async (template) => {
      await catalogue.publish(template)
    },
    async provision(id, templateName, parameters, options) {
      const reference = crypto.randomUUID()
      const asked = { provisioningRequestId: id, templateName, reference }
      const record = await requests.create(created(await accepted(asked, parameters, options), reference, clock))
      return ended(record)
    },
    async change(id, parameters, options) {
      const before = await requests.get(id)
      const { reference, data } = before
      const asked = { provisioningRequestId: id, templateName: data.templateName, reference, before }
      const next = await accepted(asked, parameters, options)
      return ended(await requests.update(id, (current) => replaced(current, next, clock)))
    },
    retry: async (id) => ended(await requests.update(id, (current) => retried(current, clock))),
    remove: async (id) => run(await requests.update(id, (current) => deleting(current, clock))),
    end: (id) =>
      new Promise((resolve, reject) => {
        const gap = () => reject(new Error('the feed has a gap'))
        store.feed.subscribe(topicOf(id), ({ event, data }) => event === 'end' && resolve(data), gap)
      }),
    async stop() {
      await controllers.stop()
      await oClouds.close()
      await stop()
    },
  }
}

/** As the driver of a real one: a call is refused for the moment, a watch waits until the network is back. */
function unlessAway(cluster: Cluster, away: ReadonlySet<string>): Cluster {
  const reach = () => {
    if (away.has(cluster.oCloudId))
      throw new ServiceError('UNAVAILABLE', 'The API server cannot be reached', { retryable: true })
    return cluster
  }
  return {
    ...cluster,
    version: async (...given) => reach().version(...given),
    get: async (...given) => reach().get(...given),
    list: async (...given) => reach().list(...given),
    apply: async (...given) => reach().apply(...given),
    delete: async (...given) => reach().delete(...given),
    scope: async (...given) => reach().scope(...given),
    releaseFinalizer: async (...given) => reach().releaseFinalizer(...given),
  }
}

interface Asked {
  provisioningRequestId: string
  templateName: string
  reference: string
  before?: ProvisioningRecord
}

export const ref = ({ apiVersion, kind }: KindRef, name: string, namespace?: string): ObjectRef => ({
  apiVersion,
  kind,
  name,
  ...(namespace !== undefined && { namespace }),
})

/** resourceVersion of everything of these kinds: what is the same before and after was not written. */
export async function versions(cluster: Cluster, kinds: readonly KindRef[]): Promise<Record<string, string>> {
  const lists = await Promise.all(
    kinds.map(async (kind) => ((await cluster.scope(kind)) === undefined ? [] : cluster.list(kind))),
  )
  const entry = (object: KubernetesObject): [string, string] => [
    `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`,
    object.kind === 'FocomProvisioningRequest' ? withoutStatus(object) : (object.metadata.resourceVersion ?? ''),
  ]
  return Object.fromEntries(lists.flat().map(entry))
}

/** FoCoM hears of its own writes and writes once more, whoever looks on. */
function withoutStatus({ metadata, status: _, ...rest }: KubernetesObject): string {
  const { resourceVersion: _version, managedFields: _fields, ...ours } = metadata
  return JSON.stringify({ ...rest, metadata: ours })
}

export const FOCOM_KINDS: KindRef[] = [
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  { apiVersion: 'v1', kind: 'Namespace' },
  { apiVersion: 'v1', kind: 'Secret' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' },
  { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'OCloud' },
  { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'FocomProvisioningRequest' },
  { apiVersion: 'provisioning.oran.org/v1alpha1', kind: 'TemplateInfo' },
  { apiVersion: 'o2ims.provisioning.oran.org/v1alpha1', kind: 'ProvisioningRequest' },
]
