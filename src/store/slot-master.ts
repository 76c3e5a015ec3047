import type { Redis } from 'ioredis'
import { messageOf } from '../errors.ts'
import { askBriefly } from './ask-briefly.ts'
import { type HostPort, placeText } from './host-port.ts'
import { KEYS } from './keys.ts'
import type { Access, MasterFinder } from './master-connector.ts'

/**
 * The node of a Redis Cluster that has our slot: every key of ours is in that one, so nothing has to be routed. A node that has it no more says so (MOVED). ioredis's own `Cluster`
 * would count as ready while the node that matters is away, send commands twice whose connection broke, and hold connections to all nodes.
 */
export function createSlotFinder(nodes: readonly HostPort[], access: Access): MasterFinder {
  /** What the cluster said of itself; the nodes of the settings may be replaced one day. */
  let known: readonly HostPort[] = []
  /** Connections, and where they lead. Those that wait for a machine that is silent learn from the first one that lost its patience. */
  const connected = new Map<() => void, string>()

  function tellOthers(master: HostPort): void {
    for (const [tell, place] of [...connected]) if (place !== placeText(master)) tell()
  }

  return {
    async find(signal) {
      const reasons = new Set<string>()
      for (const node of shuffled([...known, ...nodes])) {
        signal.throwIfAborted()
        try {
          const { master, all } = await ask(node, access)
          known = all
          tellOthers(master)
          return master
        } catch (error) {
          reasons.add(messageOf(error))
        }
      }
      throw new Error(`no node of the Redis Cluster says who has our keys: ${[...reasons].join('; ')}`)
    },
    watch(master, onMoved) {
      connected.set(onMoved, placeText(master))
      return () => connected.delete(onMoved)
    },
  }
}

/** Every node of the cluster that has slots or stands by for one that has, as a connection to one of them tells. */
export async function nodesOfCluster(redis: Redis, asked: HostPort): Promise<HostPort[]> {
  return allOf(await slotRanges(redis), asked)
}

function ask(node: HostPort, access: Access): Promise<{ master: HostPort; all: HostPort[] }> {
  return askBriefly({ ...access, ...node }, async (redis) => {
    const slot = redis.cluster('KEYSLOT', KEYS.feed)
    const [info, ours, ranges] = await Promise.all([redis.cluster('INFO'), slot, slotRanges(redis)])
    // One that was cut off from the others, or is coming up, knows only how it was before.
    if (!/^cluster_state:ok/m.test(info)) throw new Error('the cluster is down')
    const [owner] = ranges.find(({ first, last }) => first <= ours && ours <= last)?.nodes ?? []
    if (owner === undefined) throw new Error(`nobody has slot ${ours}`)
    return { master: named(owner, node), all: allOf(ranges, node) }
  })
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

function allOf(ranges: readonly SlotRange[], asked: HostPort): HostPort[] {
  return distinct(ranges.flatMap(({ nodes }) => nodes.map((node) => named(node, asked))))
}

function distinct(nodes: readonly HostPort[]): HostPort[] {
  return [...new Map(nodes.map((node) => [placeText(node), node])).values()]
}

/** In any order, so that one that is silent holds up only some of the looks. */
function shuffled(nodes: readonly HostPort[]): HostPort[] {
  return distinct(nodes)
    .map((node) => ({ node, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ node }) => node)
}
