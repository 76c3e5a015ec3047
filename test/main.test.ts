import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { freePorts } from './harness/children.ts'
import { call, statusUnder } from './harness/client.ts'
import { eventually } from './harness/eventually.ts'
import { needs } from './harness/needs.ts'
import { startRedis } from './harness/redis.ts'
import { startServer } from './harness/server.ts'
import { requestFor } from './harness/templates.ts'
import { readMetrics, sampleValue } from './telemetry/read-metrics.ts'

const MAIN = new URL('../src/main.ts', import.meta.url).pathname

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function start(
  args: string[],
  { env: more = {}, stdio = 'ignore' }: { env?: Record<string, string>; stdio?: 'ignore' | 'pipe' } = {},
): Promise<{ child: ChildProcess; url: string; redisPid: () => Promise<number> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'o2ims-main-'))
  undo.push(() => rm(dataDir, { recursive: true, force: true }))
  const [port = 0] = await freePorts(1)
  const env = { ...process.env, PORT: String(port), DATA_DIR: dataDir, LOAD_SAMPLES: 'false', ...more }
  const child = spawn(process.execPath, args, { stdio, env })
  const redisPid = async () => JSON.parse(await readFile(join(dataDir, 'redis', 'redis.pid'), 'utf8')).pid
  undo.push(async () => {
    if ((child.exitCode ?? child.signalCode) !== null) return
    child.kill('SIGKILL')
    // It outlives the service, and nobody starts with this data folder again.
    const pid = await redisPid().catch(() => undefined)
    if (pid !== undefined) process.kill(pid)
  })
  return { child, url: `http://127.0.0.1:${port}`, redisPid }
}

const lives = (pid: number) => existsSync(`/proc/${pid}`)
/** Who has ended stays in the list of processes until init has taken note. */
const gone = (pid: number) => eventually(() => expect(lives(pid)).toBe(false), 2_000)

describe('the process of the service', needs('redis'), () => {
  it.each([0, 150, 400])('takes Redis with it when it is stopped %i ms into its start', async (wait) => {
    const { child, redisPid } = await start([MAIN])
    const exited = once(child, 'exit')
    let pid = 0
    await eventually(async () => {
      pid = await redisPid()
      expect(pid).toBeGreaterThan(0)
    }, 20_000)
    await sleep(wait)
    const began = performance.now()
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    expect(performance.now() - began).toBeLessThan(5_000)
    await gone(pid)
  })

  it.each([
    ['an error that nobody caught', 'setTimeout(() => { throw new Error("a surprise") })'],
    ['a promise that nobody waits for', 'Promise.reject(new Error("a surprise"))'],
  ])('ends with exit code 1 after %s, and takes Redis with it', async (_what, surprise) => {
    const source = `
      import { serve } from '${MAIN}'
      await serve(process.env)
      process.on('SIGUSR2', () => { ${surprise} })`
    const { child, url, redisPid } = await start(['--input-type=module', '-e', source])
    const exited = once(child, 'exit')
    await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 20_000)
    const pid = await redisPid()
    // The handler is installed a moment after the service is ready.
    await sleep(100)
    child.kill('SIGUSR2')
    expect(await exited).toEqual([1, null])
    await gone(pid)
  })

  it('ends at once at a second signal, and takes Redis with it all the same', async () => {
    const { child, url, redisPid } = await start([MAIN])
    const exited = once(child, 'exit')
    await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 20_000)
    const pid = await redisPid()
    child.kill('SIGTERM')
    child.kill('SIGINT')
    const [code] = await exited
    expect([0, 1]).toContain(code)
    await eventually(() => expect(lives(pid)).toBe(false))
  })

  it('whose port is taken says so before its worker has begun', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    undo.push(async () => holder.close())
    const address = holder.address()
    const port = String(typeof address === 'object' && address ? address.port : 0)
    const { child } = await start([MAIN], { env: { PORT: port, LOG_LEVEL: 'info' }, stdio: 'pipe' })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (printed += text))
    expect(await once(child, 'close')).toEqual([1, null])
    expect(printed).toContain(`port ${port} of 127.0.0.1 is taken`)
    expect(printed).not.toContain('the worker is running')
  })

  it('answers under the names of ALLOWED_HOSTS, also where it is not on loopback, and under no other', async () => {
    const { url } = await start([MAIN], { env: { HOST: '0.0.0.0', ALLOWED_HOSTS: 'O2.example, 127.0.0.1' } })
    await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 20_000)
    expect(await statusUnder('o2.example:8080', `${url}/readyz`)).toBe(200)
    expect(await statusUnder('rebound.test', `${url}/readyz`)).toBe(403)
  })

  it('as a worker without the API answers probes, tells its metrics, says when Redis is away, and has nothing else to say', async () => {
    const redis = await startRedis()
    undo.push(redis.stop)
    const [port = 0] = await freePorts(1)
    const env = { WORKER_PORT: String(port) }
    const worker = await startServer({ roles: 'worker', redisUrl: redis.url, env })
    undo.push(worker.dispose)
    const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    await eventually(async () => expect(await statusOf('/readyz')).toBe(200))
    expect([await statusOf('/docs'), await statusOf('/o2ims/v1/templates')]).toEqual([404, 404])
    expect(sampleValue(await readMetrics(`http://127.0.0.1:${port}`), 'o2ims_store_up')).toBe(1)
    await redis.kill()
    expect([await statusOf('/healthz'), await statusOf('/readyz')]).toEqual([200, 503])
  })

  it('stops in time while a dry run waits for an O-Cloud that never answers', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    undo.push(async () => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const address = silent.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const server = await startServer({ env: { OCLOUD_STATUS_CACHE_SECONDS: '1' } })
    undo.push(server.dispose)
    const kubeconfig = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: { token: 'nothing' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    })
    const registered = await call(`${server.url}/o2ims/v1/ocloud`, 'POST', { name: 'silent', kubeconfig })
    expect(registered.status, JSON.stringify(registered.body)).toBe(201)
    // Its status is asked for at the registration, and again when what is known is old.
    await sleep(1_100)
    const request = requestFor('waits', 'kpt-workload', { oCloud: 'silent', namespace: 'waits' })
    const asked = call(`${server.url}/o2ims/v1/provisioningRequests?dryRun=true`, 'POST', request).catch(
      (error: unknown) => error,
    )
    expect(await Promise.race([asked, sleep(700, 'waits')])).toBe('waits')
    expect(sockets.size).toBeGreaterThan(0)
    const { code, ms } = await server.stop()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(4_000)
    expect(await asked).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  })
})
