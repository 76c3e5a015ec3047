import { Redis } from 'ioredis'
import { messageOf } from '../errors.ts'
import { askBriefly } from './ask-briefly.ts'
import type { HostPort } from './host-port.ts'
import type { Access, MasterFinder } from './master-connector.ts'

const SWITCHED = '+switch-master'
const LISTEN_AGAIN_MS = 3000

export interface SentinelSettings {
  nodes: readonly HostPort[]
  /** Name of the master. */
  master: string
  /** Of the Sentinels. */
  password?: string | undefined
}

/**
 * The master that the Sentinels name. All of them are asked, for one that has not heard of a failover yet names the one before; and all are listened to, for in a planned failover
 * the old master takes writes for some more seconds, and then forgets them. They speak TLS when the master does.
 */
export function createSentinelFinder({ nodes, master, password }: SentinelSettings, { tls }: Access): MasterFinder {
  const access = { ...(password !== undefined && { password }), ...(tls && { tls }) }
  const tellAll = new Set<() => void>()
  let listeners: Redis[] = []

  function listen(node: HostPort): Redis {
    const options = { retryStrategy: () => LISTEN_AGAIN_MS, enableReadyCheck: false, disableClientInfo: true }
    const redis = new Redis({ ...access, ...node, ...options, protocol: 2 })
    // Whoever looks for the master says which Sentinels are away.
    redis.on('error', () => undefined)
    redis.on('message', (_channel: string, text: string) => {
      if (text.startsWith(`${master} `)) for (const tell of [...tellAll]) tell()
    })
    redis.subscribe(SWITCHED).catch(() => undefined)
    return redis
  }

  return {
    async find() {
      const answers = await Promise.allSettled(nodes.map((node) => masterOf({ ...access, ...node }, master)))
      const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
      const newest = known.toSorted((a, b) => b.epoch - a.epoch)[0]
      if (newest) return newest.place
      const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [messageOf(answer.reason)] : []))
      throw new Error(`no Sentinel names the master ${master}: ${[...new Set(reasons)].join('; ')}`)
    },
    watch(_master, onMoved) {
      tellAll.add(onMoved)
      if (listeners.length === 0) listeners = nodes.map(listen)
      return () => {
        tellAll.delete(onMoved)
        if (tellAll.size > 0) return
        for (const redis of listeners) redis.disconnect()
        listeners = []
      }
    },
  }
}

function masterOf(sentinel: HostPort & Access, name: string): Promise<{ place: HostPort; epoch: number }> {
  return askBriefly(sentinel, async (redis) => {
    const answer = await redis.call('SENTINEL', 'MASTER', name)
    const cells = Array.isArray(answer) ? answer.map(String) : []
    const fact = (field: string) => cells[cells.indexOf(field) + 1] ?? ''
    return { place: { host: fact('ip'), port: Number(fact('port')) }, epoch: Number(fact('config-epoch')) }
  })
}
