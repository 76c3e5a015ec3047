import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Cluster } from '../../clusters/cluster.ts'
import { plainWords } from '../../clusters/status.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import { capacityOf } from '../projection/capacity.ts'
import { capabilitiesOf } from '../projection/deployment-manager.ts'
import type { Away, Seen } from '../seen.ts'
import { type ClusterView, viewCluster } from './cluster-view.ts'

/** Several nodes that come at about the same time make one look. */
const GATHER_MS = 30
/** Pods come and go all the time: the capacity is looked at twice a second at most. */
const CAPACITY_MS = 500
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 300_000

export interface FollowParts {
  oCloudId: string
  open(): Promise<Cluster>
  /** What is known of it from before. */
  before: Seen | undefined
  /** Something is new; worth a look after so many milliseconds. */
  onNews(afterMs: number): void
  signal: AbortSignal
  log: Logger
}

export interface Following {
  /** Undefined as long as nothing is known: neither from before, nor whether it can be reached. */
  seen(): Seen | undefined
  /** The registration has changed: the connection may be another one by now. */
  reopen(): void
}

/**
 * Follows the cluster of one O-Cloud until the signal aborts. What was known of it stays until a new connection has told its nodes. Only a server that refuses is asked again,
 * ever more seldom.
 */
export function followCluster({ oCloudId, open, before, onNews, signal, log }: FollowParts): Following {
  let view: ClusterView | undefined
  let serviceUri = before?.serviceUri
  let away: Away | undefined = before?.away
  let turn = new AbortController()

  function setAway(reason: string | undefined): void {
    if ((reason === undefined) === (away === undefined)) return
    away = reason === undefined ? undefined : { since: new Date().toISOString(), reason }
    log.info({ oCloudId, reason }, away ? 'an O-Cloud is away: its inventory stays' : 'an O-Cloud is back')
    onNews(GATHER_MS)
  }

  /** Resolves with why it ended. */
  async function followOnce(cluster: Cluster, ends: AbortSignal): Promise<unknown> {
    const end = Promise.withResolvers<unknown>()
    ends.addEventListener('abort', () => end.resolve(ends.reason), { once: true })
    // Not before its nodes are known: until then what was known stays.
    const whole = () => next !== undefined && view === next
    const news = (afterMs: number) => {
      if (whole()) onNews(afterMs)
    }
    let next: ClusterView | undefined
    next = viewCluster({
      cluster,
      onNodes: () => news(GATHER_MS),
      onPods: () => news(CAPACITY_MS),
      onReach: (reach) => {
        if (!reach.reachable) setAway(reach.reason)
        else if (whole()) setAway(undefined)
      },
      onRefused: end.resolve,
      signal: ends,
      log,
    })
    void next.synced.then(() => {
      if (ends.aborted) return
      view = next
      setAway(undefined)
      onNews(GATHER_MS)
    })
    return end.promise
  }

  async function follow(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      turn = new AbortController()
      const ends = AbortSignal.any([signal, turn.signal])
      const why = await open().then(
        (cluster) => {
          serviceUri = cluster.endpoint
          return followOnce(cluster, ends)
        },
        (error: unknown) => error,
      )
      if (ends.aborted) continue
      turn.abort()
      failures += 1
      // Our own store being away says nothing about the O-Cloud.
      const ours = why instanceof ServiceError && why.code === 'UNAVAILABLE'
      if (!ours) setAway(`its nodes cannot be read: ${plainWords(why)}`)
      const longest = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS)
      await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
    }
  }

  void follow()
  return {
    seen() {
      if (serviceUri === undefined) return undefined
      if (view !== undefined) return seenIn(view, serviceUri, away)
      return (before ?? away) && { ...NOTHING, ...before, serviceUri, away }
    },
    reopen() {
      const { cluster } = view ?? {}
      open().then(
        (now) => {
          if (now !== cluster) turn.abort()
        },
        (error: unknown) => log.debug({ oCloudId, reason: messageOf(error) }, 'an O-Cloud cannot be opened'),
      )
    },
  }
}

const NOTHING: Pick<Seen, 'pools' | 'resources' | 'kinds' | 'capabilities' | 'capacity'> = {
  pools: new Set(),
  resources: [],
  kinds: new Map(),
  capabilities: undefined,
  capacity: undefined,
}

function seenIn(view: ClusterView, serviceUri: string, away: Away | undefined): Seen {
  const nodes = [...view.nodes.values()]
  return {
    serviceUri,
    pools: new Set(nodes.map(({ pool }) => pool)),
    resources: nodes.map(({ resource }) => resource),
    kinds: new Map(nodes.flatMap(({ kinds }) => [...kinds])),
    capabilities: capabilitiesOf(nodes, view.version()),
    capacity: capacityOf(nodes, view.allocated()),
    away,
  }
}
