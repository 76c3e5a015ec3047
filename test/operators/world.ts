import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Cluster, KubernetesObject } from '../../src/clusters/cluster.ts'
import { stringAt } from '../../src/clusters/fields.ts'
import { createSimulatedClusters, type SimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import type { JsonObject } from '../../src/json.ts'
import { FOCOM_REQUEST, O_CLOUD, PROVISIONING_REQUEST, SECRET, TEMPLATE_INFO } from '../../src/operators/kinds.ts'
import { simulatedKubeconfig } from '../../src/operators/simulated-kubeconfig.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore, silentLog } from '../harness/redis.ts'

const PACKAGES = join(import.meta.dirname, '..', '..', 'samples', 'packages')
export const NAMESPACE = 'default'
export const TEMPLATE = { templateName: 'nephio-workload-cluster', templateVersion: 'main' }

/** Two simulated O-Clouds, `smo` with FoCoM's kinds and `edge` with the o2ims-operator's. */
export interface OperatorWorld {
  clusters: SimulatedClusters
  smo: Cluster
  edge: Cluster
  stop(): Promise<void>
}

/** The operators run as they do in the service, unless `played` is false. */
export async function operatorWorld({ played = true }: { played?: boolean } = {}): Promise<OperatorWorld> {
  const { store, stop } = await createTestStore()
  const clusters = createSimulatedClusters({
    store,
    log: silentLog(),
    delays: { startMs: 20, runMs: 20, createMs: 20 },
  })
  for (const oCloudId of ['smo', 'edge']) await clusters.initialise(oCloudId)
  const controllers = played ? clusters.startControllers() : undefined
  const [smo, edge] = [clusters.open('smo'), clusters.open('edge')]
  await installFocom(smo)
  await installO2ims(edge)
  return {
    clusters,
    smo,
    edge,
    async stop() {
      await controllers?.stop()
      await stop()
    },
  }
}

export async function installFocom(cluster: Cluster): Promise<void> {
  const folder = join(PACKAGES, 'focom-operator', 'crds')
  for (const file of await readdir(folder)) await applyFile(cluster, join(folder, file))
}

export async function installO2ims(cluster: Cluster): Promise<void> {
  await applyFile(cluster, join(PACKAGES, 'o2ims-crds', 'provisioningrequests.yaml'))
}

export async function installPorch(cluster: Cluster): Promise<void> {
  await applyFile(cluster, join(import.meta.dirname, 'porch-crds.yaml'))
}

async function applyFile(cluster: Cluster, file: string): Promise<void> {
  for (const document of parseAllDocuments(await readFile(file, 'utf8'))) await cluster.apply(document.toJS())
}

/** An OCloud with its Secret, and the template. */
export async function introduce(smo: Cluster, oCloud: string, kubeconfig = simulatedKubeconfig('edge')): Promise<void> {
  const secretRef = { name: `${oCloud}-ims`, namespace: NAMESPACE }
  await smo.apply({ ...SECRET, metadata: secretRef, stringData: { kubeconfig } })
  await smo.apply({
    ...O_CLOUD,
    metadata: { name: oCloud, namespace: NAMESPACE },
    spec: { o2imsSecret: { secretRef } },
  })
  const { templateName, templateVersion } = TEMPLATE
  await smo.apply({
    ...TEMPLATE_INFO,
    metadata: { name: `${templateName}-${templateVersion}`, namespace: NAMESPACE },
    spec: { ...TEMPLATE, templateParameterSchema: '{"type":"object"}' },
  })
}

export interface Asked {
  annotations?: Record<string, string>
  spec?: JsonObject
}

/** What a test asks FoCoM for: a cluster at the O-Cloud `edge`. */
export function focomRequest(name: string, { annotations = {}, spec = {} }: Asked = {}): KubernetesObject {
  return {
    ...FOCOM_REQUEST,
    metadata: { name, namespace: NAMESPACE, annotations },
    spec: {
      oCloudId: 'edge',
      oCloudNamespace: NAMESPACE,
      name: 'edge 1',
      ...TEMPLATE,
      templateParameters: { clusterName: `c-${name}`, labels: { site: 'edge' } },
      ...spec,
    },
  }
}

/** What a test asks the o2ims-operator for. */
export function provisioningRequest(name: string, { annotations = {}, spec = {} }: Asked = {}): KubernetesObject {
  return {
    ...PROVISIONING_REQUEST,
    metadata: { name, annotations },
    spec: { ...TEMPLATE, templateParameters: { clusterName: `c-${name}`, labels: { site: 'edge' } }, ...spec },
  }
}

export async function readFocomRequest(smo: Cluster, name: string): Promise<KubernetesObject | undefined> {
  return await smo.get({ ...FOCOM_REQUEST, namespace: NAMESPACE, name })
}

export async function readRequest(edge: Cluster, name: string): Promise<KubernetesObject | undefined> {
  return await edge.get({ ...PROVISIONING_REQUEST, name })
}

export async function untilPhase(smo: Cluster, name: string, phase: string, ms = 5000): Promise<KubernetesObject> {
  return await untilSo(() => readFocomRequest(smo, name), ['phase'], phase, ms)
}

export async function untilState(edge: Cluster, name: string, state: string, ms = 5000): Promise<KubernetesObject> {
  return await untilSo(() => readRequest(edge, name), ['provisioningStatus', 'provisioningState'], state, ms)
}

async function untilSo(
  read: () => Promise<KubernetesObject | undefined>,
  path: string[],
  wanted: string,
  ms: number,
): Promise<KubernetesObject> {
  let found: KubernetesObject | undefined
  await eventually(async () => {
    found = await read()
    const is = stringAt(found, 'status', ...path)
    if (is !== wanted) throw new Error(`it is ${is}, not ${wanted}: ${JSON.stringify(found?.status)}`)
  }, ms)
  if (found === undefined) throw new Error('it is gone')
  return found
}

/** Each state, with its message, that a ProvisioningRequest passes through from now on, in order and without repetitions. */
export function recordStates(edge: Cluster, name: string): { states: string[]; stop(): void } {
  const states: string[] = []
  const ended = new AbortController()
  const follow = async () => {
    for await (const event of edge.watch(PROVISIONING_REQUEST, { name }, ended.signal)) {
      if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue
      const status = event.object.status?.provisioningStatus
      const told = `${stringAt(status, 'provisioningState')}: ${stringAt(status, 'provisioningMessage')}`
      if (status !== undefined && states.at(-1) !== told) states.push(told)
    }
  }
  follow().catch((error: unknown) => {
    if (!ended.signal.aborted) throw error
  })
  return { states, stop: () => ended.abort() }
}
