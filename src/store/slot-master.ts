import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as createTlsConnection } from 'node:tls'
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis'
import { messageOf } from '../errors.ts'
import type { HostPort } from './host-port.ts'
import { KEYS } from './keys.ts'

const ASK_MS = 1000
const END_MS = 2000

interface SlotMasterParts {
  /** Where to begin; what the cluster says of itself is remembered beside them. */
  nodes: readonly HostPort[]
  /** User, password and TLS. */
  access: RedisOptions
  retryDelay: (attempt: number) => number
}

/**
 * Makes a plain connection of ioredis lead to the node of a Redis Cluster that has our slot: every key of ours is in that one, so nothing has to be routed. Whoever is
 * moved, or loses the connection, asks again. ioredis's own `Cluster` would send a command twice whose connection broke, counts as ready while the node that matters is away, and holds
 * connections to all nodes.
 */
export function createSlotMasterConnector({ nodes, access, retryDelay }: SlotMasterParts) {
  return class SlotMasterConnector extends AbstractConnector {
    private known: readonly HostPort[] = nodes
    private ended = new AbortController()

    constructor() {
      super(END_MS)
    }

    override check(info: { role?: string }): boolean {
      return info.role === undefined || info.role === 'master'
    }

    override disconnect(): void {
      this.ended.abort()
      super.disconnect()
    }

    /** Tries until a node answers or `disconnect` is called: ioredis gives up for good on a connector that rejects. */
    async connect(emit: (type: string, error: Error) => void) {
      this.connecting = true
      this.ended = new AbortController()
      const { signal } = this.ended
      for (let attempt = 1; ; attempt += 1) {
        try {
          const master = await this.findMaster(signal)
          this.stream = open(master, access)
          this.stream.once('error', (error: Error) => {
            this.firstError = error
          })
          return this.stream
        } catch (error) {
          if (signal.aborted) throw new Error('Connection is closed.')
          emit('error', new Error(`no node of the Redis Cluster says who has our keys: ${messageOf(error)}`))
          await sleep(retryDelay(attempt), undefined, { signal }).catch(() => undefined)
        }
      }
    }

    private async findMaster(signal: AbortSignal): Promise<HostPort> {
      let failure: unknown
      for (const node of shuffled([...this.known, ...nodes])) {
        signal.throwIfAborted()
        try {
          const { master, all } = await ask(node, access)
          signal.throwIfAborted()
          this.known = all
          return master
        } catch (error) {
          failure = error
        }
      }
      throw failure
    }
  }
}

/** Every node of the cluster that has slots or stands by for one that has, as a connection to one of them tells. */
export async function nodesOfCluster(redis: Redis, asked: HostPort): Promise<HostPort[]> {
  const ranges = await slotRanges(redis)
  return distinct(ranges.flatMap(({ nodes }) => nodes.map((node) => named(node, asked))))
}

async function ask(node: HostPort, access: RedisOptions): Promise<{ master: HostPort; all: HostPort[] }> {
  const redis = new Redis({
    ...access,
    ...node,
    protocol: 2,
    connectTimeout: ASK_MS,
    commandTimeout: ASK_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    enableReadyCheck: false,
    disableClientInfo: true,
  })
  let reason: Error | undefined
  redis.on('error', (error: Error) => {
    reason ??= error
  })
  try {
    const [info, slot, ranges] = await Promise.all([
      redis.cluster('INFO'),
      redis.cluster('KEYSLOT', KEYS.feed),
      slotRanges(redis),
    ])
    // One that was cut off from the others, or is coming up, knows only how it was before.
    if (!/^cluster_state:ok/m.test(info)) throw new Error(`${node.host}:${node.port} says that the cluster is down`)
    const [owner] = ranges.find(({ first, last }) => first <= slot && slot <= last)?.nodes ?? []
    if (owner === undefined) throw new Error('nobody has the slot of our keys')
    const all = distinct(ranges.flatMap(({ nodes }) => nodes.map((one) => named(one, node))))
    return { master: named(owner, node), all }
  } catch (error) {
    throw reason ?? error
  } finally {
    redis.disconnect()
  }
}

interface SlotRange {
  first: number
  last: number
  /** The master, then its replicas. */
  nodes: HostPort[]
}

async function slotRanges(redis: Redis): Promise<SlotRange[]> {
  const rows = await redis.cluster('SLOTS')
  return rows.map(([first, last, ...nodes]) => ({
    first: Number(first),
    last: Number(last),
    nodes: nodes.map(([host, port]) => ({ host: String(host ?? ''), port: Number(port) })),
  }))
}

/** A node that does not know its own name leaves it out: it is the one that was asked. */
function named({ host, port }: HostPort, asked: HostPort): HostPort {
  return { host: host === '' || host === '?' ? asked.host : host, port }
}

function distinct(nodes: HostPort[]): HostPort[] {
  return [...new Map(nodes.map((node) => [`${node.host}:${node.port}`, node])).values()]
}

function shuffled(nodes: HostPort[]): HostPort[] {
  return distinct(nodes)
    .map((node) => ({ node, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ node }) => node)
}

function open({ host, port }: HostPort, { tls }: RedisOptions) {
  return tls ? createTlsConnection({ host, port, ...tls }) : createConnection({ host, port })
}
