import type { JsonObject } from '../../src/json.ts'
import { type Answer, call, toTheEnd } from '../harness/client.ts'
import { type Contract, createContract } from '../harness/contract.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { startServer } from '../harness/server.ts'
import { canonical, INVENTORY, PROVISIONING } from './tables.ts'

/** The whole service as a process with its sample O-Clouds. Every answer is held against the OpenAPI document. */
export interface Service {
  url: string
  contract: Contract
  /** Answers 204 to everything; what it got is in `requests`. */
  subscriber: HttpPeer
  /** By name of the path variable, something that is there. */
  ids: Record<string, string>
  call(path: string, method?: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** A path of a table with `ids` filled in. */
  at(path: string): string
  /** Every entry of a list, over all of its pages. */
  all(path: string): Promise<JsonObject[]>
  /** Stops the process and starts another one on the same data, with these settings too. */
  restart(env?: Record<string, string>): Promise<void>
  stop(): Promise<void>
}

export interface ServiceOptions {
  env?: Record<string, string>
  /** How many provisioning requests and subscriptions there are from the start. With none, `ids` is empty. */
  entries?: 0 | 1 | 3
}

export async function startConformingService({ env = {}, entries = 1 }: ServiceOptions = {}): Promise<Service> {
  const subscriber = await startPeer()
  const settings: Record<string, string> = {
    CALLBACK_ALLOW_HTTP: 'true',
    CALLBACK_ALLOW_ADDRESSES: '127.0.0.1',
    ...env,
  }
  const server = await startServer({ env: settings, start: false })
  settings.PUBLIC_URL ??= server.url
  await server.start()
  const { url } = server
  const contract = createContract((await call(`${url}/openapi/o2ims.json`)).body)
  const ids: Record<string, string> = {}

  const service: Service = {
    url,
    contract,
    subscriber,
    ids,
    async restart(more = {}) {
      await server.stop()
      Object.assign(settings, more)
      await server.start()
    },
    async call(path, method = 'GET', body, headers) {
      const answer = await call(url + path, method, body, headers)
      const faults = contract.faultsOf(method, canonical(path.replace(/\?.*$/s, '')), answer)
      if (faults.length > 0) throw new Error(`${method} ${path}: ${faults.join('; ')}: ${JSON.stringify(answer.body)}`)
      return answer
    },
    at: (path) =>
      path.replaceAll(/\{([^}]+)\}/g, (_, name) => {
        const id = ids[name]
        if (id === undefined) throw new Error(`nothing is known for ${name} in ${path}`)
        return encodeURIComponent(id)
      }),
    async all(path) {
      const found: JsonObject[] = []
      for (let next: string | undefined = path; next !== undefined; ) {
        const { status, body, headers } = await service.call(next)
        if (status !== 200) throw new Error(`${next}: ${status} ${JSON.stringify(body)}`)
        found.push(...body)
        next = nextOf(headers, url)
      }
      return found
    },
    async stop() {
      await server.dispose()
      await subscriber.close()
    },
  }
  try {
    if (entries > 0) await populate(service, ['first', 'second', 'third'].slice(0, entries))
  } catch (error) {
    await service.stop()
    throw new Error(`the service did not get ready for its tests: ${server.output().slice(-4_000)}`, { cause: error })
  }
  return service
}

/** The path of the next page. */
export function nextOf(headers: Headers, url: string): string | undefined {
  const link = headers.get('link')
  const [, target] = /^<([^>]+)>; rel="next"$/.exec(link ?? '') ?? []
  if (target === undefined) return undefined
  const next = new URL(target, url)
  return next.pathname + next.search
}

/** What a simulated cluster runs of its own, soon after it is there. */
const COREDNS_PODS = 2

/** Waits until the inventory of the sample O-Clouds is whole, makes requests and subscriptions, and waits until they show in it. */
async function populate(service: Service, names: string[]): Promise<void> {
  await eventually(() => whole(service), 60_000)
  for (const name of names) {
    await subscribed(service, name)
    await fulfilled(service, workload(name))
  }
  // DU and CU of each
  const wanted = COREDNS_PODS + 2 * names.length
  await eventually(async () => {
    const pods = await podsOf(service)
    if (pods !== wanted) throw new Error(`${pods} pods are counted at sim-edge-1, not ${wanted}`)
  })
  const [pool = {}] = await service.all(`${INVENTORY}/resourcePools`)
  const [resource = {}] = await service.all(`${INVENTORY}/resourcePools/${pool.resourcePoolId}/resources`)
  const [manager = {}] = await service.all(`${INVENTORY}/deploymentManagers`)
  const [subscription = {}] = await service.all(`${INVENTORY}/subscriptions`)
  const types = await service.all(`${INVENTORY}/resourceTypes`)
  // One that has both dictionaries
  const type = types.find(({ performanceDictionaryId }) => performanceDictionaryId !== undefined) ?? {}
  const known = { ...pool, ...resource, ...manager, ...type, ...subscription, provisioningRequestId: 'first' }
  for (const [name, value] of Object.entries(known)) if (name.endsWith('Id')) service.ids[name] = String(value)
}

async function podsOf({ all }: Service): Promise<number> {
  const [manager] = await all(`${INVENTORY}/deploymentManagers${query(['filter', '(eq,name,sim-edge-1)'])}`)
  return Number(Object(manager?.capacity).pods.allocated)
}

/** Subscribes to changes of Inventory; what is told arrives at that path of the subscriber. */
export async function subscribed(
  service: Service,
  consumerSubscriptionId: string,
  filter?: string,
): Promise<JsonObject> {
  const callback = `${service.subscriber.url}/${encodeURIComponent(consumerSubscriptionId)}`
  const given = { callback, consumerSubscriptionId, ...(filter !== undefined && { filter }) }
  const { status, body } = await service.call(`${INVENTORY}/subscriptions`, 'POST', given)
  if (status !== 201) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body
}

/** What the registered O-Clouds say that they have is there, and what their pods ask for is known. */
export async function whole({ all }: Service): Promise<void> {
  const oClouds = await all('/o2ims/v1/ocloud')
  const managers = await all(`${INVENTORY}/deploymentManagers`)
  const known = managers.flatMap(({ deploymentManagerId, capacity }) =>
    JSON.stringify(capacity).includes('allocated') ? [String(deploymentManagerId)] : [],
  )
  const missing = oClouds.filter(({ oCloudId }) => !known.includes(String(oCloudId)))
  if (oClouds.length === 0 || missing.length > 0) throw new Error(`not in Inventory: ${JSON.stringify(missing)}`)
}

/** A request that the simulated O-Cloud sim-edge-1 fulfils. */
export function workload(provisioningRequestId: string, more: object = {}): JsonObject {
  return {
    provisioningRequestId,
    name: 'ran at sim-edge-1',
    description: 'DU and CU',
    templateName: 'kpt-workload',
    templateVersion: '1.0.0',
    templateParameters: { oCloud: 'sim-edge-1', namespace: `ran-${provisioningRequestId}` },
    ...more,
  }
}

/** Posts a request on the canonical path and follows it until it is FULFILLED. */
export async function fulfilled(service: Service, request: JsonObject): Promise<Answer> {
  const posted = await service.call(`${PROVISIONING}/provisioningRequests`, 'POST', request)
  if (posted.status !== 201) throw new Error(`${posted.status}: ${JSON.stringify(posted.body)}`)
  const { body } = await toTheEnd(service.url, String(request.provisioningRequestId))
  if (body.status.provisioningPhase !== 'FULFILLED') throw new Error(JSON.stringify(body.status))
  return posted
}

/** A query string; what is undefined is a flag without a value. */
export function query(...parameters: [name: string, value?: string][]): string {
  const written = parameters.map(([name, value]) =>
    value === undefined ? name : `${name}=${encodeURIComponent(value)}`,
  )
  return `?${written.join('&')}`
}
