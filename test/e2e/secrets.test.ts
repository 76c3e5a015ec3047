import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, follow, toTheEnd } from '../harness/client.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { missing, needs } from '../harness/needs.ts'
import { startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { manifestsTemplate, requestFor } from '../harness/templates.ts'

describe('secrets stay secret', needs('redis', 'control-plane', 'kwok', 'kpt'), () => {
  let plane: ControlPlane
  let redis: TestRedis
  let server: TestServer
  /** Everything that came back to a client. */
  const answers: string[] = []
  /** Command lines of children, as long as they lived. */
  const commandLines = new Set<string>()
  const password = `marked-${randomBytes(12).toString('hex')}`
  let marked: Record<string, string> = {}

  beforeAll(async () => {
    plane = await startControlPlane({ parts: ALL_PARTS, clientCertificates: missing('openssl') === undefined })
    await plane.addNode({ cpu: '4', memory: '8Gi', pods: '110' })
    redis = await startRedis()
    server = await startServer({ redisUrl: redis.url, env: { LOG_LEVEL: 'trace' } })
    const token = /token: (\S+)/.exec(plane.kubeconfig)?.[1] ?? ''
    marked = {
      token,
      password,
      'password in base64': Buffer.from(password).toString('base64'),
      'encryption key': server.encryptionKey,
    }
  })
  afterAll(async () => {
    await server?.dispose()
    await redis?.stop()
    await plane?.stop()
  })

  const ask = async (path: string, method = 'GET', body?: unknown, headers?: Record<string, string>) => {
    const answer = await call(`${server.url}/o2ims/v1${path}`, method, body, headers)
    answers.push(JSON.stringify([...answer.headers]), JSON.stringify(answer.body))
    return answer
  }

  it('F16: in no answer, event, log line, Redis key or value, child argument or file, also after kill -9', async () => {
    const watching = watchCommandLines(commandLines)
    const kubeconfigs: Record<string, string> = { edge: plane.kubeconfig }
    if (missing('openssl') === undefined) {
      const certified = plane.certificateUser('marked', ['system:masters'])
      kubeconfigs['edge-cert'] = certified
      const key = /client-key-data: (\S+)/.exec(certified)?.[1] ?? ''
      expect(key).not.toBe('')
      const lines = Buffer.from(key, 'base64').toString().split('\n')
      Object.assign(marked, { 'client key': key, 'line of the client key': lines[2] ?? key })
    }
    for (const [name, kubeconfig] of Object.entries(kubeconfigs)) {
      expect((await ask('/ocloud', 'POST', { name, kubeconfig })).status).toBe(201)
    }
    await ask('/ocloud')
    await ask('/templates', 'POST', manifestsTemplate('manifests'))
    const wrong = `not a kubeconfig ${marked.token}`
    expect((await ask('/ocloud', 'POST', { name: 'wrong', kubeconfig: wrong })).status).toBe(422)

    for (const [index, oCloud] of Object.keys(kubeconfigs).entries()) {
      for (const template of ['manifests', 'kpt-workload']) {
        const id = `${template}-${index}`
        const body = requestFor(id, template, { oCloud, namespace: id, ...(template === 'manifests' && { password }) })
        await ask('/provisioningRequests?dryRun=true', 'POST', body)
        await ask('/provisioningRequests', 'POST', body)
        const events = await follow(
          `${server.url}/o2ims/v1/provisioningRequests/${id}/events`,
          AbortSignal.timeout(60_000),
        )
        answers.push(JSON.stringify(events))
        expect((await ask(`/provisioningRequests/${id}`)).body.status.provisioningPhase).toBe('FULFILLED')
        for (const accept of ['text/markdown', 'text/html'])
          await ask(`/provisioningRequests/${id}/report`, 'GET', undefined, { accept })
        for (const told of ['logs', 'diagnostics', 'status-table'])
          expect((await ask(`/provisioningRequests/${id}/${told}`)).status).toBe(200)
      }
    }
    const stored = (await plane.client.call('GET', '/api/v1/namespaces/manifests-0/secrets/du-secret')).body as {
      data: { password: string }
    }
    expect(Buffer.from(stored.data.password, 'base64').toString()).toBe(password)

    // An error that quotes the secret, and a death in the middle.
    const bad = requestFor('bad', 'manifests', { oCloud: 'edge', namespace: `not a name ${password}`, password })
    await ask('/provisioningRequests', 'POST', {
      ...bad,
      templateParameters: { oCloud: 'edge', namespace: 'bad', password: 12 },
    })
    await ask(
      '/provisioningRequests',
      'POST',
      requestFor('killed', 'kpt-workload', { oCloud: 'edge', namespace: 'killed' }),
    )
    await sleep(700)
    await server.kill()
    expect(await findings()).toEqual([])
    await server.start()
    expect((await toTheEnd(server.url, 'killed')).body.status.provisioningPhase).toBe('FULFILLED')
    await ask('/provisioningRequests/manifests-0', 'DELETE')
    await follow(`${server.url}/o2ims/v1/provisioningRequests/manifests-0/events`, AbortSignal.timeout(60_000))
    watching.abort()
    expect(commandLines.size).toBeGreaterThan(0)
    expect(await findings()).toEqual([])
  }, 170_000)

  it('in no key of a simulated O-Cloud either, whose Secrets are kept in Redis', async () => {
    await ask(
      '/provisioningRequests',
      'POST',
      requestFor('simulated', 'manifests', { oCloud: 'sim-edge-1', namespace: 'simulated', password }),
    )
    expect((await toTheEnd(server.url, 'simulated')).body.status.provisioningPhase).toBe('FULFILLED')
    expect(await findings()).toEqual([])
  })

  /** Where a marked secret stands that must not: names of places, never the secret. */
  async function findings(): Promise<string[]> {
    const places: [string, string][] = [
      ...answers.map((text): [string, string] => ['answer', text]),
      ['log', server.output()],
      ...[...commandLines].map((text): [string, string] => ['command line', text]),
      ...(await redisContents(redis.url)),
      ...filesBelow([server.dataDir, tmpdir(), '/dev/shm']).filter(
        ([file]) => !file.includes('o2ims-control-plane-') && !file.includes('o2ims-redis-'),
      ),
    ]
    return places.flatMap(([place, text]) =>
      Object.entries(marked).flatMap(([name, secret]) =>
        secret !== '' && text.includes(secret) ? [`${name} in ${place}`] : [],
      ),
    )
  }
})

/** How to read a key of each type whole. */
const READERS: Record<string, (redis: Redis, key: string) => Promise<unknown>> = {
  string: (redis, key) => redis.get(key),
  hash: (redis, key) => redis.hgetall(key),
  list: (redis, key) => redis.lrange(key, 0, -1),
  set: (redis, key) => redis.smembers(key),
  zset: (redis, key) => redis.zrange(key, '0', '-1'),
  stream: (redis, key) => redis.xrange(key, '-', '+'),
}

async function redisContents(url: string): Promise<[string, string][]> {
  const redis = new Redis(url, { protocol: 2 })
  try {
    const contents: [string, string][] = []
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key)
      const value = await READERS[type]?.(redis, key)
      // It expired while we looked.
      if (type === 'none') continue
      if (value === undefined) throw new Error(`a key of type ${type}`)
      contents.push([`Redis key ${key}`, `${key} ${JSON.stringify(value)}`])
    }
    return contents
  } finally {
    redis.disconnect()
  }
}

const BEGAN = new Date()
const LARGEST = 5_000_000

/** What was written while the test ran; other people's checkouts are not looked into. */
function filesBelow(folders: string[]): [string, string][] {
  const skipped = ['node_modules', '.git'].flatMap((name) => ['-name', name, '-prune', '-o'])
  const options = ['-type', 'f', '-newermt', BEGAN.toISOString(), '-print']
  const files = execFileSync('find', [...folders, ...skipped, ...options], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return files
    .split('\n')
    .filter((file) => file !== '')
    .flatMap((file): [string, string][] => {
      try {
        return statSync(file).size > LARGEST ? [] : [[file, readFileSync(file, 'latin1')]]
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
        throw error
      }
    })
}

/** Reads the command lines of kpt, kind and their children as long as it is not aborted. */
function watchCommandLines(into: Set<string>): AbortController {
  const stop = new AbortController()
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const text = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ')
        if (/\b(kpt|kind|docker|kubectl)\b/.test(text)) into.add(text)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error)) throw error
      }
    }
  }
  const timer = setInterval(look, 10)
  stop.signal.addEventListener('abort', () => clearInterval(timer))
  return stop
}
