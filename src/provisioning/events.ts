import type { Feed, FeedEntry } from '../store/store.ts'
import { isEnded } from './lifecycle.ts'
import { type Requests, topicOf } from './requests.ts'
import type { ProvisioningService, StreamEvent } from './service-types.ts'

/** More than this waiting for one slow client: it gets a snapshot instead. */
const MOST_WAITING = 1_000
const ZERO = '0-0'

type Options = Parameters<ProvisioningService['events']>[1]

/**
 * The event stream of one request: what the log holds after `lastEventId` (or a snapshot), then what passes on the feed, until `end`.
 * Log and feed carry the same ids, so nothing is lost or sent twice between the two.
 */
export async function* streamEvents(
  id: string,
  { lastEventId, signal, represent }: Options,
  { requests, feed }: { requests: Requests; feed: Feed },
): AsyncIterable<StreamEvent> {
  const inbox = createInbox(signal)
  const stop = feed.subscribe(topicOf(id), inbox.put, inbox.lost)
  try {
    let sent = lastEventId ?? ZERO
    for await (const event of catchUp(lastEventId)) {
      sent = event.id
      yield event
      if (event.event === 'end') return
    }
    while (!signal.aborted) {
      const next = await inbox.next()
      if (next === 'aborted') return
      if (next === 'lost') {
        for await (const event of catchUp(undefined)) {
          sent = event.id
          yield event
          if (event.event === 'end') return
        }
      } else if (isAfter(next.id, sent)) {
        sent = next.id
        yield toStreamEvent(next)
        if (next.event === 'end') return
      }
    }
  } finally {
    stop()
  }

  /** What a client that knows everything up to `after` has missed; a snapshot where that cannot be told. Ends with `end` when the request has ended. */
  async function* catchUp(after: string | undefined): AsyncIterable<StreamEvent> {
    const asked = await requests.collection.log(id, after)
    // Of a log with a gap nothing may be left after that id, or the id is of no log of ours.
    const log = asked.gap ? { ...(await requests.collection.log(id)), gap: true } : asked
    const last = log.last ?? ZERO
    const record = await requests.get(id)
    if (after === undefined || log.gap) {
      // On an ended request the last id is that of `end`, which follows.
      const id = isEnded(record.phase) ? (log.entries.at(-2)?.id ?? ZERO) : last
      yield { id, event: 'snapshot', data: represent(record) }
    } else {
      // An `end` that a retry or a PUT has overtaken is not the end of this stream.
      const entries = log.entries.filter(
        (entry, index) => entry.event !== 'end' || (index === log.entries.length - 1 && isEnded(record.phase)),
      )
      for (const entry of entries) yield toStreamEvent(entry)
      if (entries.at(-1)?.event === 'end') return
    }
    if (isEnded(record.phase)) yield { id: last, event: 'end', data: { provisioningPhase: record.phase } }
  }
}

function toStreamEvent(entry: Pick<FeedEntry, 'id' | 'event' | 'data'>): StreamEvent {
  return { id: entry.id, event: entry.event as StreamEvent['event'], data: entry.data }
}

/** Order of Redis stream ids, `<milliseconds>-<sequence>`. */
export function isAfter(id: string, other: string): boolean {
  const [time = 0, sequence = 0] = id.split('-').map(Number)
  const [otherTime = 0, otherSequence = 0] = other.split('-').map(Number)
  return time === otherTime ? sequence > otherSequence : time > otherTime
}

interface Inbox {
  put(entry: FeedEntry): void
  lost(): void
  /** The next entry; 'lost' when some were lost on the way; 'aborted' when the client or the service ends the stream. */
  next(): Promise<FeedEntry | 'lost' | 'aborted'>
}

function createInbox(signal: AbortSignal): Inbox {
  let waiting: FeedEntry[] = []
  let lost = false
  let wake: () => void = () => undefined
  signal.addEventListener('abort', () => wake(), { once: true })
  return {
    put(entry) {
      if (waiting.length < MOST_WAITING) waiting.push(entry)
      else {
        waiting = []
        lost = true
      }
      wake()
    },
    lost() {
      lost = true
      wake()
    },
    async next() {
      while (!signal.aborted && !lost && waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (signal.aborted) return 'aborted'
      if (lost) {
        lost = false
        return 'lost'
      }
      return waiting.shift() ?? 'aborted'
    },
  }
}
