import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { get } from 'node:https'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createKindLifecycle } from '../../../src/clusters/kind/lifecycle.ts'
import type { ClusterSpec } from '../../../src/clusters/lifecycle.ts'
import { createChildProcesses } from '../../../src/tools/child-processes.ts'
import { createDocker } from '../../../src/tools/docker.ts'
import { createKind } from '../../../src/tools/kind.ts'
import { endLeftovers } from '../../../src/tools/leftovers.ts'
import { needs } from '../../harness/needs.ts'

const PREFIX = 'o2ims-test-lifecycle'
const name = `${PREFIX}-one`
const reference = randomUUID()
/** A path that nobody makes: holds no tool, and nothing is ever written there. */
const NOWHERE = '/nowhere/o2ims'
const spec: ClusterSpec = { name, nodeImage: process.env.KIND_NODE_IMAGE, workers: 0, portMappings: [] }

describe('the kind driver of the cluster lifecycle', needs('kind'), () => {
  const children = createChildProcesses()
  const folder = join(tmpdir(), `o2ims-kind-${randomUUID()}`)
  const runDir = join(folder, 'run')
  const kind = createKind({ children, runDir })
  const docker = createDocker(children)
  const lifecycle = createKindLifecycle({ kind, docker })

  async function removeTestClusters(): Promise<void> {
    const left = (await kind.clusters()).filter((cluster) => cluster.startsWith(PREFIX))
    for (const cluster of left) await kind.delete(cluster)
  }

  beforeAll(removeTestClusters)
  afterAll(async () => {
    await removeTestClusters()
    rmSync(folder, { recursive: true, force: true })
  })

  test('tells the versions of its tools', async () => {
    const versions = await lifecycle.check()
    expect(versions.map((tool) => tool.name)).toEqual(['kind', 'docker'])
    for (const tool of versions) expect(tool.version).toMatch(/^\d+\.\d+/)
  })

  test('a cluster whose maker was killed in the middle is known as ours and half-made, and is made again', async () => {
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
    expect(await versionOf(kubeconfig)).toMatch(/^v1\./)
    expect(seen).toContain(`--name\0${name}`)
    expect(seen).not.toContain(parse(kubeconfig).users[0].user['client-key-data'])
    expect(stateOf(join(homedir(), '.kube', 'config'))).toEqual(kubeconfigOfUser)
    expect(readdirSync(runDir)).toEqual([])
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  }, 180_000)

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

  test('deleting leaves no container, and again there is nothing to delete', async () => {
    expect(await lifecycle.delete(name)).toBe(true)
    expect(await containersOf(name)).toEqual([])
    expect(await lifecycle.find(name)).toEqual({ state: 'absent' })
    expect(await lifecycle.delete(name)).toBe(false)
    expect(readdirSync(runDir)).toEqual([])
  })

  test('a host port in use fails with what to do and leaves nothing', async () => {
    const server = createServer().listen(0, '0.0.0.0')
    await once(server, 'listening')
    try {
      const address = server.address()
      const hostPort = typeof address === 'object' && address ? address.port : 0
      const taken = {
        ...spec,
        name: `${PREFIX}-port`,
        portMappings: [{ containerPort: 30000, hostPort, protocol: 'TCP' as const }],
      }
      await expect(lifecycle.create(taken, { reference })).rejects.toMatchObject({
        code: 'KIND_FAILED',
        message: expect.stringContaining('a host port of portMappings is in use'),
      })
      expect(await lifecycle.find(taken.name)).toEqual({ state: 'absent' })
    } finally {
      server.close()
    }
  })

  test('an image that is no node image fails in the words of kind', async () => {
    const wrong = { ...spec, name: `${PREFIX}-image`, nodeImage: 'localhost:1/no/such/image:v0' }
    await expect(lifecycle.create(wrong, { reference })).rejects.toMatchObject({
      code: 'KIND_FAILED',
      message: expect.stringMatching(/the node image cannot be pulled.*localhost:1\/no\/such\/image:v0/),
    })
    expect(await lifecycle.find(wrong.name)).toEqual({ state: 'absent' })
  })

  test('cancelling ends kind and what it started, and what stands is known as ours', async () => {
    const cancelled = { ...spec, name: `${PREFIX}-cancel` }
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
    expect(await lifecycle.delete(cancelled.name)).toBe(true)
  })

  async function containersOf(cluster: string): Promise<string[]> {
    const nodes = await docker.containers({ name: 'io.x-k8s.kind.cluster', value: cluster })
    return nodes.map((node) => node.id)
  }
})

describe('without its tools the kind driver', () => {
  test('says that kind is missing', async () => {
    const lifecycle = lifecycleIn({ PATH: NOWHERE })
    await expect(lifecycle.check()).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining('kind is not on the PATH'),
    })
  })

  test('says that docker does not answer', needs('kind'), async () => {
    const lifecycle = lifecycleIn({ ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' })
    const down = { code: 'PREFLIGHT_FAILED', message: expect.stringContaining('docker does not answer') }
    await expect(lifecycle.check()).rejects.toMatchObject(down)
    await expect(lifecycle.find(name)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })

  test('refuses a name with shell characters before anything starts', async () => {
    const lifecycle = lifecycleIn({ PATH: NOWHERE })
    for (const bad of ['a;reboot', '$(id)', '-rf', 'a b', 'A', '', 'x'.repeat(51), 'a\nb', '../x']) {
      await expect(lifecycle.create({ ...spec, name: bad }, { reference })).rejects.toMatchObject({
        code: 'INVALID_ARGS',
      })
    }
  })

  function lifecycleIn(env: NodeJS.ProcessEnv) {
    const children = createChildProcesses({ env })
    return createKindLifecycle({ kind: createKind({ children, runDir: NOWHERE }), docker: createDocker(children) })
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

/** Asks the API server for its version with the client certificate of a kubeconfig; again while it starts. */
async function versionOf(kubeconfig: string): Promise<string> {
  const { clusters, users } = parse(kubeconfig)
  const pem = (text: string) => Buffer.from(text, 'base64')
  const options = {
    ca: pem(clusters[0].cluster['certificate-authority-data']),
    cert: pem(users[0].user['client-certificate-data']),
    key: pem(users[0].user['client-key-data']),
  }
  return await new Promise((resolve, reject) => {
    get(`${clusters[0].cluster.server}/version`, options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve(JSON.parse(body).gitVersion))
    }).on('error', reject)
  })
}
