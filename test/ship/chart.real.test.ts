import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { CHART, helm } from '../harness/helm.ts'
import { kindClusters, kubectlWith, run } from '../harness/kind-clusters.ts'
import { needs } from '../harness/needs.ts'
import { SAMPLES } from '../harness/samples.ts'
import { buildImages, makeStandIns } from './images.ts'

const PREFIX = 'o2ims-test-chart-'
const CLUSTER = `${PREFIX}own`
const IMAGES = ['api', 'worker', 'redis']
/** Where the service is, and where its requests put things. */
const [HOME, WORKLOADS] = ['o2', 'ran-workloads']
const WORKER = `system:serviceaccount:${HOME}:o2-o2ims-worker`
const NODE_IMAGE = process.env.KIND_NODE_IMAGE
/** What comes and goes by itself. */
const RESTLESS = /^(events|leases|componentstatuses)/

const execute = promisify(execFile)
const say = (text: string) => process.stdout.write(`${text}\n`)
async function timed<T>(what: string, work: Promise<T>): Promise<T> {
  const started = performance.now()
  const result = await work
  say(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
  return result
}

describe('the chart in a true cluster', needs('kind', 'kubectl', 'helm', 'compose', 'debootstrap', 'kpt'), () => {
  const clusters = kindClusters(PREFIX)
  let folder: string
  let kubectl: ReturnType<typeof kubectlWith>
  let url: string
  let before: string[]
  /** Values of the release, and where the cluster is. */
  let release: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'o2ims-chart-'))
    const kubeconfig = join(folder, 'kubeconfig')
    kubectl = kubectlWith(kubeconfig)
    await clusters.remove()
    const image = NODE_IMAGE ? ['--image', NODE_IMAGE] : []
    const create = ['create', 'cluster', '--name', CLUSTER, ...image, '--kubeconfig', kubeconfig]
    await Promise.all([
      timed('cluster made', execute('kind', create, { timeout: 300_000 })),
      makeStandIns().then(() => timed('images built', buildImages())),
    ])
    // Without the tag docker saves every one that there is.
    const images = IMAGES.map((name) => `o2ims-test/${name}:latest`)
    const load = ['load', 'docker-image', '--name', CLUSTER, ...images]
    await timed('images loaded', execute('kind', load, { timeout: 300_000 }))
    await prepare()
    const address = await clusters.address(CLUSTER)
    release = [
      ...['--kubeconfig', kubeconfig, '--namespace', HOME],
      ...IMAGES.flatMap((name) => ['--set', `${name}.image.repository=o2ims-test/${name},${name}.image.tag=latest`]),
      ...['--set', `worker.replicas=1,api.service.type=NodePort,allowedHosts={${address}}`],
      ...['--set', `redis.persistence.storageClass=prepared,rbac.namespaces={${WORKLOADS}}`],
    ]
    before = await everything()
    await timed('helm install', helm('install', 'o2', CHART, ...release, '--wait', '--timeout', '3m'))
    const port = await kubectl('-n', HOME, 'get', 'service', 'o2-o2ims-api', '-o', 'jsonpath={.spec.ports[0].nodePort}')
    url = `http://${address}:${port}`
  }, 600_000)
  afterAll(async () => {
    await clusters.remove()
    await rm(folder, { recursive: true })
  })

  /** Two namespaces, that of the service as strict as Kubernetes can be; and a volume that a user who is nobody may write, whatever provisioner there is. */
  async function prepare(): Promise<void> {
    await kubectl('create', 'namespace', HOME)
    await kubectl('label', 'namespace', HOME, 'pod-security.kubernetes.io/enforce=restricted')
    await kubectl('create', 'namespace', WORKLOADS)
    await run('docker', 'exec', `${CLUSTER}-control-plane`, 'install', '-d', '-m', '777', '/var/prepared')
    await kubectl('apply', '--filename', join(import.meta.dirname, 'chart-volume.yaml'))
  }

  /** Every object of the cluster. */
  async function everything(): Promise<string[]> {
    const kinds = (await kubectl('api-resources', '--verbs=list', '--output=name')).split('\n')
    const stable = kinds.filter((kind) => !RESTLESS.test(kind)).join(',')
    const names = 'jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\\n"}{end}'
    return (await kubectl('get', stable, '--all-namespaces', '--output', names)).split('\n').sort()
  }

  const requests = () => `${url}/o2ims/v1/provisioningRequests`
  async function provision(id: string, namespace = WORKLOADS) {
    const sample = parse(await readFile(join(SAMPLES, 'requests', 'own-cluster.yaml'), 'utf8'))
    const request = {
      ...{ ...sample, provisioningRequestId: id },
      templateParameters: { ...sample.templateParameters, namespace },
    }
    expect((await call(requests(), 'POST', request)).status).toBe(201)
    return (await toTheEnd(url, id)).body
  }
  async function remove(id: string): Promise<void> {
    expect((await call(`${requests()}/${id}`, 'DELETE')).status).toBe(202)
    await eventually(async () => expect((await call(`${requests()}/${id}`)).status).toBe(404), 60_000)
  }
  const mayWorker = (...what: string[]) =>
    kubectl('auth', 'can-i', ...what, '--as', WORKER).catch((no: { stdout: string }) => no.stdout.trim())

  test('passes helm test', async () => {
    const kubeconfig = release.slice(0, 4)
    expect(await timed('helm test', helm('test', 'o2', ...kubeconfig))).toMatch(/Phase: +Succeeded/)
  })

  test('what is off by default is taken by the API server as well', async () => {
    const scaled = 'autoscaling.api.enabled=true,autoscaling.worker.enabled=true,metrics.dashboard.enabled=true'
    const more = `${scaled},ingress.enabled=true,ingress.hosts={o2.example.com},ingress.tlsSecret=tls,rbac.clusterWide=true`
    const policies =
      'networkPolicy.apiFrom[0].namespaceSelector.matchLabels.a=b,api.podDisruptionBudget.maxUnavailable=50%'
    const manifests = join(folder, 'more.yaml')
    await writeFile(manifests, await helm('template', 'o2', CHART, ...release, '--set', `${more},${policies}`))
    const taken = await kubectl('apply', '--dry-run=server', '--validate=strict', '-n', HOME, '--filename', manifests)
    for (const kind of ['horizontalpodautoscaler', 'ingress', 'networkpolicy']) expect(taken).toContain(`${kind}.`)
  })

  test('has the cluster as one O-Cloud, which clients can neither read credentials of, nor replace, nor delete', async () => {
    const { body } = await call(`${url}/o2ims/v1/ocloud?filter=(eq,simulated,false)`)
    expect(body).toMatchObject([{ name: 'in-cluster', managed: false, status: { reachable: true, nodes: 1 } }])
    const own = `${url}/o2ims/v1/ocloud/${body[0].oCloudId}`
    expect((await call(`${own}/kubeconfig`)).body).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect((await call(own, 'DELETE')).body).toMatchObject({ code: 'FORBIDDEN' })
    expect((await call(own, 'PUT', { name: 'mine' })).body).toMatchObject({ code: 'IMMUTABLE' })
    await eventually(async () => {
      const pools = await call(`${url}/o2ims-infrastructureInventory/v1/deploymentManagers`)
      expect(JSON.stringify(pools.body)).toContain(body[0].oCloudId)
    }, 30_000)
  })

  test('provisions on it with no more rights than the chart gives', async () => {
    const { status, progress } = await provision('own')
    expect(status, JSON.stringify(progress)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    const ready = 'jsonpath={.items[*].status.readyReplicas}'
    expect(await kubectl('-n', WORKLOADS, 'get', 'deployments', '-o', ready)).toBe('1 1')
    expect(await mayWorker('create', 'deployments', '-n', WORKLOADS)).toBe('yes')
    for (const namespace of [HOME, 'default', 'kube-system'])
      expect(await mayWorker('get', 'secrets', '-n', namespace)).toBe('no')
    await remove('own')
  })

  test('where a right is missing, the status says which one, and an upgrade that gives it keeps keys and pods', async () => {
    const pods = () => kubectl('-n', HOME, 'get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}')
    const keys = () => kubectl('-n', HOME, 'get', 'secret', 'o2-o2ims', '-o', 'jsonpath={.data}')
    const found = [await pods(), await keys()]
    const { rbac } = parse(await readFile(join(CHART, 'values.yaml'), 'utf8'))
    const rules = rbac.rules.map((rule: { resources: string[]; verbs: string[] }) =>
      rule.resources.includes('deployments')
        ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'create') }
        : rule,
    )
    await helm('upgrade', 'o2', CHART, ...release, '--set-json', `rbac.rules=${JSON.stringify(rules)}`, '--wait')
    await eventually(async () => expect(await mayWorker('create', 'deployments', '-n', WORKLOADS)).toBe('no'))
    const { status } = await provision('refused')
    expect(status.provisioningPhase).toBe('FAILED')
    expect(status.message).toMatch(
      /^workload: .*its account may not create deployments.apps in namespace ran-workloads/,
    )
    const outside = await provision('outside', 'default')
    expect(outside.status.message).toMatch(/its account may not get \S+ in namespace default: give it that right/)
    for (const id of ['refused', 'outside']) await remove(id)

    await helm('upgrade', 'o2', CHART, ...release, '--wait')
    await eventually(async () => expect(await mayWorker('create', 'deployments', '-n', WORKLOADS)).toBe('yes'))
    expect((await provision('again')).status.provisioningPhase).toBe('FULFILLED')
    await remove('again')
    expect([await pods(), await keys()]).toEqual(found)
  })

  test('helm uninstall leaves nothing', async () => {
    expect((await everything()).length).toBeGreaterThan(before.length)
    await timed('helm uninstall', helm('uninstall', 'o2', ...release.slice(0, 4), '--wait'))
    await eventually(async () => expect(await everything()).toEqual(before), 90_000)
  })
})
