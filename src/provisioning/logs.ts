import type { Feed } from '../store/store.ts'
import { isEnded } from './lifecycle.ts'
import { textOfLine } from './logs-line.ts'
import { type Requests, topicOf } from './requests.ts'

export interface LogOptions {
  /** Goes on until the request has ended, or the signal aborts. */
  follow?: boolean
  /** Of what stands already, the last so many lines. */
  tail?: number
  signal: AbortSignal
}

/** The log of a request, line by line: what is kept of it, then, when it is followed, what comes until the request ends. Every line is a JSON object. */
export async function* streamLog(
  id: string,
  { follow = false, tail, signal }: LogOptions,
  { requests, feed }: { requests: Requests; feed: Feed },
): AsyncIterable<string> {
  const bell = createBell(signal)
  const stops = follow ? listen(feed, id, bell) : []
  try {
    // Read before the lines: what ends it later rings the bell.
    let over = isEnded((await requests.get(id)).phase)
    let position = 0
    let first = true
    for (;;) {
      const { gone, lines } = await requests.collection.lines(id, position)
      const missed = gone - position
      const shown = first && tail !== undefined ? lines.slice(Math.max(0, lines.length - tail)) : lines
      if (missed > 0 && shown.length === lines.length) yield goneLine(missed, shown[0])
      yield* shown
      position = Math.max(gone, position) + lines.length
      first = false
      if (!follow || over || signal.aborted) return
      const heard = await bell.next()
      if (heard === 'aborted') return
      const record = heard === 'end' ? await requests.find(id) : undefined
      if (heard === 'end' && record === undefined) return yield textOfLine({ ...now(), msg: 'the request is gone' })
      // An end that a retry or a PUT has overtaken is not the end of its log.
      over = record !== undefined && isEnded(record.phase)
    }
  } finally {
    for (const stop of stops) stop()
  }
}

/** Shown while nothing happens, so that nobody on the way takes the connection for dead. */
export const stillHere = (): string => textOfLine({ ...now(), level: 'debug', msg: 'nothing new', heartbeat: true })

const now = () => ({ time: new Date().toISOString(), level: 'info' as const })

function goneLine(gone: number, next: string | undefined): string {
  const time = next === undefined ? now().time : timeOf(next)
  const msg = `${gone} older ${gone === 1 ? 'line is' : 'lines are'} not kept any more`
  return textOfLine({ time, level: 'warn', msg, gone })
}

function timeOf(line: string): string {
  const { time }: { time?: unknown } = JSON.parse(line)
  return typeof time === 'string' ? time : now().time
}

/** Rung by what may have brought lines; ringing it twice is as good as once. */
interface Bell {
  ring(what: 'lines' | 'end'): void
  next(): Promise<'lines' | 'end' | 'aborted'>
}

function listen(feed: Feed, id: string, bell: Bell): (() => void)[] {
  const topic = topicOf(id)
  const lost = () => bell.ring('end')
  return [
    feed.subscribe(topic, ({ event }) => bell.ring(event === 'end' ? 'end' : 'lines'), lost),
    feed.subscribe(`${topic}:lines`, () => bell.ring('lines'), lost),
  ]
}

function createBell(signal: AbortSignal): Bell {
  let rung: 'lines' | 'end' | undefined
  let wake: () => void = () => undefined
  signal.addEventListener('abort', () => wake(), { once: true })
  return {
    ring(what) {
      if (rung !== 'end') rung = what
      wake()
    },
    async next() {
      while (!signal.aborted && rung === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const heard = signal.aborted ? 'aborted' : (rung ?? 'lines')
      rung = undefined
      return heard
    },
  }
}
