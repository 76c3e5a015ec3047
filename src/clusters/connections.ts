import type { Cluster } from './cluster.ts'

/** Open connections of one process. */
export interface Connections {
  /** The connection of that O-Cloud: opened anew when `version` is not the one that it was opened with. */
  open(oCloudId: string, version: string, connect: () => Promise<Cluster>): Promise<Cluster>
  close(): Promise<void>
}

const MOST = 256

/**
 * Keeps the most recently used connections. One that is left out is not closed: a step may still watch on it; its idle sockets close by themselves, and it goes with the last that holds it.
 */
export function createConnections(most = MOST): Connections {
  const open = new Map<string, { version: string; cluster: Promise<Cluster> }>()

  function keep(oCloudId: string, version: string, cluster: Promise<Cluster>): void {
    const entry = { version, cluster }
    open.delete(oCloudId)
    open.set(oCloudId, entry)
    const oldest = open.keys().next().value
    if (open.size > most && oldest !== undefined) open.delete(oldest)
    cluster.catch(() => {
      if (open.get(oCloudId) === entry) open.delete(oCloudId)
    })
  }

  return {
    open(oCloudId, version, connect) {
      const known = open.get(oCloudId)
      const cluster = known?.version === version ? known.cluster : connect()
      keep(oCloudId, version, cluster)
      return cluster
    },
    async close() {
      const all = [...open.values()]
      open.clear()
      await Promise.allSettled(all.map(async ({ cluster }) => (await cluster).close()))
    },
  }
}
