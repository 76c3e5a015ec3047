import { execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createKindLifecycle } from '../../../src/clusters/kind/lifecycle.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import type { ClusterSpec } from '../../../src/clusters/lifecycle.ts'
import { createChildProcesses } from '../../../src/tools/child-processes.ts'
import { createDocker } from '../../../src/tools/docker.ts'
import { createKind } from '../../../src/tools/kind.ts'
import { endLeftovers } from '../../../src/tools/leftovers.ts'
import { freePorts } from '../../harness/children.ts'
import { nodeImage } from '../../harness/kind-double.ts'
import { needs } from '../../harness/needs.ts'
import { silentLog } from '../../harness/redis.ts'

const PREFIX = 'o2ims-test-lifecycle'
const name = `${PREFIX}-one`
const reference = randomUUID()
const plain = (name: string): ClusterSpec => ({
  name,
  nodeImage: process.env.KIND_NODE_IMAGE,
  workers: 0,
  portMappings: [],
})
/** All that a cluster may be asked for, in one. */
const spec: ClusterSpec = {
  ...plain(name),
  workers: 1,
  nodeLabels: {
    all: { 'nephio.org/cluster-name': name },
    controlPlane: { tier: 'control' },
    workers: [{ 'topology.kubernetes.io/zone': 'east' }],
  },
  featureGates: { JobSuccessPolicy: true },
  runtimeConfig: { 'api/beta': 'true' },
  kubeadmPatches: [
    'kind: KubeletConfiguration\nmaxPods: 55\n',
    'kind: ClusterConfiguration\napiServer:\n  extraArgs:\n    max-requests-inflight: "333"\n',
  ],
}

describe('the kind driver of the cluster lifecycle', needs('kind'), () => {
  // What waits for a registry that is not there shall not hold up what works.
  const children = createChildProcesses({ limit: 8 })
  const folder = join(tmpdir(), `o2ims-kind-${randomUUID()}`)
  const runDir = join(folder, 'run')
  const kind = createKind({ children, runDir })
  const docker = createDocker(children)
  const lifecycle = createKindLifecycle({ kind, docker })

  async function removeTestClusters(): Promise<void> {
    const left = (await kind.clusters()).filter((cluster) => cluster.startsWith(PREFIX))
    await Promise.all(left.map((cluster) => kind.delete(cluster)))
  }

  beforeAll(async () => {
    await removeTestClusters()
    const [api = 0, mapped = 0] = await freePorts(2)
    spec.apiServer = { address: '127.0.0.1', port: api }
    spec.portMappings = [{ containerPort: 30080, hostPort: mapped, protocol: 'TCP', listenAddress: '127.0.0.1' }]
  })
  afterAll(async () => {
    await removeTestClusters()
    rmSync(folder, { recursive: true, force: true })
  })

  // These five wait more than they work: together.
  test.concurrent('a cluster whose maker was killed in the middle is known as ours and half-made, and is made again', async () => {
    const kubeconfigOfUser = stateOf(join(homedir(), '.kube', 'config'))
    await killInTheMiddle(runDir)
    const half = await lifecycle.find(name)
    expect(half).toEqual({ state: 'present', owner: reference, complete: false })

    await endLeftovers(reference)
    expect(familyOf(reference)).toEqual([])

    const stages: string[] = []
    const percents: number[] = []
    const commandLines = watchCommandLines()
    await lifecycle.create(
      spec,
      { reference },
      {
        run: { reference, step: 'cluster' },
        progress: (percent, message) => {
          percents.push(percent)
          stages.push(message)
        },
      },
    )
    const seen = commandLines.stop()
    expect(await lifecycle.find(name)).toEqual({ state: 'present', owner: reference, complete: true })
    expect(stages[0]).toBe(`removing the half-made cluster ${name}`)
    expect(stages).toContain('Starting control-plane')
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(percents.at(-1)).toBe(100)

    const kubeconfig = (await lifecycle.kubeconfig(name)) ?? ''
    expect(seen).toContain(`--name\0${name}`)
    expect(seen).not.toContain(parse(kubeconfig).users[0].user['client-key-data'])
    expect(stateOf(join(homedir(), '.kube', 'config'))).toEqual(kubeconfigOfUser)
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  }, 180_000)

  test.concurrent('a host port in use fails with what to do; what stands is ours, until it is deleted', async () => {
    const server = createServer().listen(0, '0.0.0.0')
    await once(server, 'listening')
    try {
      const address = server.address()
      const hostPort = typeof address === 'object' && address ? address.port : 0
      const taken = {
        ...plain(`${PREFIX}-port`),
        portMappings: [{ containerPort: 30000, hostPort, protocol: 'TCP' as const }],
      }
      await expect(lifecycle.create(taken, { reference })).rejects.toMatchObject({
        code: 'KIND_FAILED',
        message: expect.stringContaining('a host port of portMappings, or that of apiServer, is in use'),
      })
      expect(await lifecycle.find(taken.name)).toMatchObject({ owner: reference, complete: false })
      expect(await lifecycle.delete(taken.name)).toBe(true)
      expect(await containersOf(taken.name)).toEqual([])
    } finally {
      server.close()
    }
  })

  test.concurrent('an image that is no node image fails in the words of kind', async () => {
    const wrong = { ...plain(`${PREFIX}-image`), nodeImage: 'localhost:1/no/such/image:v0' }
    await expect(lifecycle.create(wrong, { reference })).rejects.toMatchObject({
      code: 'KIND_FAILED',
      message: expect.stringMatching(/the node image cannot be pulled.*localhost:1\/no\/such\/image:v0/),
    })
    expect(await lifecycle.find(wrong.name)).toEqual({ state: 'absent' })
  })

  test.concurrent('several control planes fail in the words of kind where its load balancer image is not', async ({
    skip,
  }) => {
    const several = { ...plain(`${PREFIX}-several`), controlPlanes: 2 }
    const made = lifecycle.create(several, { reference })
    const failure = await made.then(
      () => undefined,
      (error: unknown) => error,
    )
    await lifecycle.delete(several.name)
    if (failure === undefined) skip('the load balancer image of kind is here')
    expect(failure).toMatchObject({
      code: 'KIND_FAILED',
      message: expect.stringMatching(/need the load balancer image of kind.*It said: ERROR: .*envoyproxy/),
    })
  })

  test.concurrent('cancelling ends kind and what it started, and what stands is known as ours', async () => {
    const cancelled = plain(`${PREFIX}-cancel`)
    const run = { reference: randomUUID(), step: 'cluster' }
    const cancel = new AbortController()
    const reason = new Error('cancelled by a test')
    const progress = (_: number, message: string) => {
      if (message.startsWith('Starting control-plane')) cancel.abort(reason)
    }
    await expect(lifecycle.create(cancelled, run, { signal: cancel.signal, run, progress })).rejects.toBe(reason)
    expect(familyOf(run.reference)).toEqual([])
    expect(await lifecycle.find(cancelled.name)).toMatchObject({
      state: 'present',
      owner: run.reference,
      complete: false,
    })
    // Nobody finished it, and all the same its nodes can be heard.
    const logs = (await lifecycle.logs?.(cancelled.name)) ?? []
    expect(logs.map((log) => log.name)).toContain(`${cancelled.name}-control-plane/serial.log`)
    expect(await lifecycle.delete(cancelled.name)).toBe(true)
  })

  test('has the nodes, labels, gates, patches and ports that were asked for', async () => {
    const kubeconfig = (await lifecycle.kubeconfig(name)) ?? ''
    expect(parse(kubeconfig).clusters[0].cluster.server).toBe(`https://127.0.0.1:${spec.apiServer?.port}`)
    const cluster = createKubernetesCluster({ oCloudId: name, kubeconfig, log: silentLog() })
    try {
      const nodes = await cluster.list({ apiVersion: 'v1', kind: 'Node' }, {})
      const labels = new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels]))
      expect([...labels.keys()].sort()).toEqual([`${name}-control-plane`, `${name}-worker`])
      const all = { 'nephio.org/cluster-name': name }
      expect(labels.get(`${name}-control-plane`)).toMatchObject({ ...all, tier: 'control' })
      expect(labels.get(`${name}-worker`)).toMatchObject({ ...all, 'topology.kubernetes.io/zone': 'east' })
      expect(labels.get(`${name}-worker`)).not.toHaveProperty('tier')
      // The patch of the kubelets' configuration.
      for (const node of nodes) expect(node.status).toMatchObject({ capacity: { pods: '55' } })

      const apiServer = await cluster.get({
        ...{ apiVersion: 'v1', kind: 'Pod', namespace: 'kube-system' },
        name: `kube-apiserver-${name}-control-plane`,
      })
      const command = JSON.stringify(apiServer?.spec)
      for (const flag of ['--feature-gates=.*JobSuccessPolicy=true', '--runtime-config=.*api/beta=true']) {
        expect(command).toMatch(new RegExp(flag))
      }
      expect(command).toContain('--max-requests-inflight=333')
    } finally {
      await cluster.close()
    }
    const [mapping] = spec.portMappings
    const mapped = execFileSync('docker', ['port', `${name}-control-plane`, '30080'], { encoding: 'utf8' })
    expect(mapped.trim()).toBe(`127.0.0.1:${mapping?.hostPort}`)
  })

  test('its internal kubeconfig reaches it inside the network of docker', async () => {
    const kubeconfig = (await lifecycle.kubeconfig(name, { internal: true })) ?? ''
    const { server } = parse(kubeconfig).clusters[0].cluster
    expect(server).toMatch(/^https:\/\/\d+\.\d+\.\d+\.\d+:6443$/)
    // As another container sees it, which trusts what the kubeconfig trusts.
    const inside = ['run', '--rm', '--interactive', '--network', 'kind', '--entrypoint', 'sh', nodeImage()]
    const ask = 'cat > /tmp/config && kubectl --kubeconfig /tmp/config get --raw /version'
    const answer = execFileSync('docker', [...inside, '-c', ask], { encoding: 'utf8', input: kubeconfig })
    expect(JSON.parse(answer).gitVersion).toMatch(/^v1\./)
  })

  test('its logs come without secrets, no longer than asked for, and leave no file behind', async () => {
    const logs = (await lifecycle.logs?.(name)) ?? []
    const names = logs.map((log) => log.name)
    for (const node of ['control-plane', 'worker']) expect(names).toContain(`${name}-${node}/kubelet.log`)
    expect(names.some((log) => log.includes('/pods/kube-system_kube-apiserver-'))).toBe(true)
    expect(names.join()).not.toMatch(/\.conf|kubeconfig|inspect\.json|docker-info/)
    const texts = logs.map((log) => log.text).join('\n')
    const { user } = parse((await lifecycle.kubeconfig(name)) ?? '').users[0]
    for (const secret of [user['client-key-data'], 'PRIVATE KEY', 'abcdef.0123456789abcdef']) {
      expect(texts).not.toContain(secret)
    }
    const few = (await lifecycle.logs?.(name, { maxBytes: 5_000 })) ?? []
    expect(Buffer.byteLength(few.map((log) => log.text).join(''))).toBeLessThanOrEqual(5_000)
    expect(few.length).toBeGreaterThan(0)
    expect(await lifecycle.logs?.(`${PREFIX}-none`)).toEqual([])
    expect(readdirSync(runDir)).toEqual([])
  })

  test('a finished cluster of the same owner is left alone', async () => {
    const before = await containersOf(name)
    await lifecycle.create(spec, { reference })
    expect(await containersOf(name)).toEqual(before)
  })

  test('a cluster of somebody else is never touched', async () => {
    const before = await containersOf(name)
    await expect(lifecycle.create(spec, { reference: randomUUID() })).rejects.toMatchObject({
      code: 'KIND_FAILED',
      message: expect.stringContaining(reference),
    })
    expect(await containersOf(name)).toEqual(before)
  })

  test("a load balancer, which kind cannot mark, belongs to whom the nodes belong; alone it is nobody's", async () => {
    const balancerOf = (cluster: string) => [
      ...['create', '--name', `${cluster}-external-load-balancer`, '--label', `io.x-k8s.kind.cluster=${cluster}`],
      ...['--label', 'io.x-k8s.kind.role=external-load-balancer', nodeImage()],
    ]
    execFileSync('docker', balancerOf(name), { stdio: 'ignore' })
    expect(await lifecycle.find(name)).toEqual({ state: 'present', owner: reference, complete: true })
    const alone = `${PREFIX}-alone`
    execFileSync('docker', balancerOf(alone), { stdio: 'ignore' })
    try {
      await expect(lifecycle.delete(alone)).rejects.toThrow('was not made by this service')
    } finally {
      execFileSync('docker', ['rm', `${alone}-external-load-balancer`], { stdio: 'ignore' })
    }
  })

  test('tells which of its machines do not run and which are gone', async () => {
    expect(await lifecycle.faults(spec)).toEqual([])
    execFileSync('docker', ['kill', `${name}-worker`], { stdio: 'ignore' })
    expect(await lifecycle.faults(spec)).toEqual([`node ${name}-worker is exited (exit code 137)`])
    const more = { ...spec, workers: 2 }
    expect(await lifecycle.faults(more)).toContain(`node ${name}-worker2 is gone`)
    // What does not run says nothing more; what it wrote on its console is there, and so are the others.
    const logs = (await lifecycle.logs?.(name)) ?? []
    expect(logs[0]?.text).toContain('kind export logs of')
    expect(logs.map((log) => log.name)).toContain(`${name}-control-plane/kubelet.log`)
  })

  test('deleting leaves no container, and again there is nothing to delete', async () => {
    expect(await lifecycle.delete(name)).toBe(true)
    expect(await containersOf(name)).toEqual([])
    expect(await lifecycle.find(name)).toEqual({ state: 'absent' })
    expect(await lifecycle.delete(name)).toBe(false)
    expect(readdirSync(runDir)).toEqual([])
  })

  async function containersOf(cluster: string): Promise<string[]> {
    const nodes = await docker.containers({ name: 'io.x-k8s.kind.cluster', value: cluster })
    return nodes.map((node) => node.id)
  }
})

/** Runs another process that makes the cluster, and kills it when the control plane starts. */
async function killInTheMiddle(runDir: string): Promise<void> {
  const maker = fileURLToPath(new URL('maker.ts', import.meta.url))
  const worker = spawn(process.execPath, [maker, name, reference, runDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const line of createInterface(worker.stdout)) {
      if (line.startsWith('Starting control-plane')) break
    }
  } finally {
    worker.kill('SIGKILL')
  }
}

/** Command lines of processes whose environment names the reference. */
function familyOf(of: string): string[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids
    .filter((pid) => read(`/proc/${pid}/environ`).includes(`O2IMS_RUN=${of}`))
    .map((pid) => read(`/proc/${pid}/cmdline`))
}

/** Collects the command lines of all processes until it is stopped. */
function watchCommandLines(): { stop(): string } {
  const seen = new Set<string>()
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc')) if (/^\d+$/.test(pid)) seen.add(read(`/proc/${pid}/cmdline`))
  }, 50)
  return {
    stop() {
      clearInterval(timer)
      return [...seen].join('\n')
    },
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function stateOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
