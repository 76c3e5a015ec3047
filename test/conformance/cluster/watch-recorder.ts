import type { Cluster, KindRef, KubernetesObject, Selection, WatchEvent } from '../../../src/clusters/cluster.ts'

export type Recorded = WatchEvent & { at: number }

/** Follows a watch in the background and lets a test wait for what it expects. */
export interface WatchRecorder {
  readonly events: readonly Recorded[]
  /** The first event, from the mark on, that fits; moves the mark behind it. */
  next(what: string, fits: (event: WatchEvent) => boolean, timeoutMs?: number): Promise<Recorded>
  synced(timeoutMs?: number): Promise<Recorded>
  /** Event types with names, e.g. "ADDED a": easy to compare. */
  lines(): string[]
  /** Ends the watch by its signal and returns what the iteration rejected with. */
  stop(reason?: unknown): Promise<unknown>
  /** What the watch ended with, once it ended by itself. */
  ended: Promise<unknown>
}

export function createWatchRecorder(cluster: Cluster, kind: KindRef, selection: Selection): WatchRecorder {
  const abort = new AbortController()
  const events: Recorded[] = []
  let mark = 0
  const wake: (() => void)[] = []
  let over: { error: unknown } | undefined
  const notify = () => {
    for (const resolve of wake.splice(0)) resolve()
  }
  const ended = (async () => {
    try {
      for await (const event of cluster.watch(kind, selection, abort.signal)) {
        events.push({ ...event, at: Date.now() })
        notify()
      }
      over = { error: undefined }
    } catch (error) {
      over = { error }
    }
    notify()
    return over.error
  })()

  const recorder: WatchRecorder = {
    events,
    ended,
    async next(what, fits, timeoutMs = 10_000) {
      const end = Date.now() + timeoutMs
      for (;;) {
        while (mark < events.length) {
          const event = events[mark]
          mark += 1
          if (event !== undefined && fits(event)) return event
        }
        if (over !== undefined) throw new Error(`${what}: the watch has ended`, { cause: over.error })
        const left = end - Date.now()
        if (left <= 0) throw new Error(`${what}: not within ${timeoutMs} ms; seen: ${recorder.lines().join(', ')}`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          wake.push(() => {
            clearTimeout(timer)
            resolve()
          })
        })
      }
    },
    synced: (timeoutMs) => recorder.next('SYNCED', (event) => event.type === 'SYNCED', timeoutMs),
    lines: () =>
      events.map((event) => ('object' in event ? `${event.type} ${event.object.metadata.name}` : event.type)),
    async stop(reason = new Error('the test has ended')) {
      abort.abort(reason)
      return await ended
    },
  }
  return recorder
}

/** Fits an event of that type and name, and, where given, of that content. */
export function about(
  type: 'ADDED' | 'MODIFIED' | 'DELETED',
  name: string,
  content: (object: KubernetesObject) => boolean = () => true,
): (event: WatchEvent) => boolean {
  return (event) =>
    'object' in event && event.type === type && event.object.metadata.name === name && content(event.object)
}
