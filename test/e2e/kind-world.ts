import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { UPSTREAM } from '../../src/operators/profile.ts'
import { call, follow, type SeenEvent } from '../harness/client.ts'
import { type KindClusters, kindClusters, kubectlWith } from '../harness/kind-clusters.ts'
import { type OperatorProcess, startOperatorProcess } from '../harness/operator-process.ts'
import { startRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

/** As the true ones are built: FoCoM looks every 30 s. An edge of kind's has neither Porch nor Cluster API. */
const OPERATORS = {
  focom: { focom: UPSTREAM.focom, annotations: false },
  o2ims: { o2ims: UPSTREAM.o2ims && { ...UPSTREAM.o2ims, packages: 'when-there' as const }, annotations: false },
}

/** A request that is followed from its first event on, whatever becomes of the service. */
export interface Followed {
  reference: string
  /** Resolves when a step has said that; rejects when the request ends without it, with what was said last. */
  says(step: string, message: RegExp): Promise<void>
  /** The request as it stands at its end; undefined when it is gone. */
  // biome-ignore lint/suspicious/noExplicitAny: as in harness/client.ts
  ended(): Promise<any>
}

/** The service as a process, true kind clusters, and operators as processes on them. */
export interface KindWorld {
  server: TestServer
  clusters: KindClusters
  send(id: string, template: string, parameters: JsonObject, timeoutSeconds: number): Promise<Followed>
  remove(id: string): Promise<Followed>
  get(path: string, accept?: string): ReturnType<typeof call>
  oCloudNames(): Promise<string[]>
  /** Of a cluster that a request has made, as a user gets it. */
  kubeconfig(cluster: string): Promise<string>
  kubectl(cluster: string, ...args: string[]): Promise<string>
  /** By kubectl, as somebody who knows nothing of the service. */
  create(cluster: string, object: JsonObject): Promise<void>
  play(what: keyof typeof OPERATORS, cluster: string): Promise<OperatorProcess>
  /** Every file that the service holds. */
  files(): string[]
  /** How long it takes, told at the end. */
  timed<T>(what: string, work: () => Promise<T>): Promise<T>
  stop(): Promise<void>
}

/** `prefix` begins the names of the clusters, and is one test file's own. */
export async function startKindWorld(prefix: string, env: Record<string, string>): Promise<KindWorld> {
  const clusters = kindClusters(prefix)
  await clusters.remove()
  const folder = mkdtempSync(join(tmpdir(), prefix))
  const redis = await startRedis()
  const server = await startServer({ redisUrl: redis.url, env })
  const operators: OperatorProcess[] = []
  const took: string[] = []
  const requests = `${server.url}/o2ims/v1/provisioningRequests`
  const get = (path: string, accept = 'application/json') =>
    call(`${server.url}/o2ims/v1/${path}`, 'GET', undefined, { accept })

  async function followed(id: string, reference: string): Promise<Followed> {
    const said: string[] = []
    let more = Promise.withResolvers<void>()
    const note = ({ event, data }: SeenEvent) => {
      if (event === 'step') said.push(`${data.step}: ${data.state} ${data.message}`)
      more.resolve()
      more = Promise.withResolvers()
    }
    let over = false
    const end = follow(`${requests}/${id}/events`, AbortSignal.timeout(170_000), note).finally(() => {
      over = true
    })
    return {
      reference,
      async says(step, message) {
        while (!said.some((words) => words.startsWith(`${step}: `) && message.test(words))) {
          if (over) throw new Error(`${id}: ${step} never said ${message}; last: ${said.at(-1)}`)
          await Promise.race([more.promise, end])
        }
      },
      async ended() {
        await end
        const { status, body } = await call(`${requests}/${id}`)
        return status === 404 ? undefined : body
      },
    }
  }

  async function kubeconfig(cluster: string): Promise<string> {
    const { body: oClouds } = await get('ocloud')
    const { oCloudId } = oClouds.find(({ name }: { name: string }) => name === cluster)
    const { status, body } = await get(`ocloud/${oCloudId}/kubeconfig`, '*/*')
    expect(status).toBe(200)
    return body
  }

  const files = new Map<string, string>()
  async function fileOf(cluster: string): Promise<string> {
    const known = files.get(cluster)
    if (known !== undefined) return known
    const file = join(folder, cluster)
    writeFileSync(file, await kubeconfig(cluster), { mode: 0o600 })
    files.set(cluster, file)
    return file
  }

  return {
    server,
    clusters,
    get,
    kubeconfig,
    async send(id, template, parameters, timeoutSeconds) {
      const { status, body } = await call(requests, 'POST', requestFor(id, template, parameters, { timeoutSeconds }))
      expect(status, JSON.stringify(body)).toBe(201)
      return followed(id, body.provisioningRequestReference)
    },
    async remove(id) {
      const { status, body } = await call(`${requests}/${id}`, 'DELETE')
      expect(status, JSON.stringify(body)).toBe(202)
      return followed(id, body.provisioningRequestReference)
    },
    async oCloudNames() {
      const { body } = await get('ocloud')
      return body.map(({ name }: { name: string }) => name).toSorted()
    },
    kubectl: async (cluster, ...args) => kubectlWith(await fileOf(cluster))(...args),
    async create(cluster, object) {
      const file = join(folder, 'object.json')
      writeFileSync(file, JSON.stringify(object))
      await kubectlWith(await fileOf(cluster))('create', '-f', file)
    },
    async play(what, cluster) {
      const profile = OPERATORS[what]
      const operator = await startOperatorProcess({ kubeconfig: await kubeconfig(cluster), profile })
      operators.push(operator)
      return operator
    },
    files: () =>
      readdirSync(server.dataDir, { recursive: true, withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [] : [join(entry.parentPath, entry.name)],
      ),
    async timed(what, work) {
      const began = performance.now()
      try {
        return await work()
      } finally {
        took.push(`${what} ${((performance.now() - began) / 1000).toFixed(1)} s`)
      }
    },
    async stop() {
      process.stdout.write(`${prefix}: ${took.join(', ')}\n`)
      await server.dispose()
      await Promise.all(operators.map((one) => one.kill()))
      await redis.stop()
      rmSync(folder, { recursive: true, force: true })
      await clusters.remove()
    },
  }
}
