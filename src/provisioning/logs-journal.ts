import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { RunScope } from '../clusters/lifecycle.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { createTee } from '../log.ts'
import { type LogLevel, type LogLine, textOfLine } from './logs-line.ts'
import type { Requests } from './requests.ts'
import { redactAll } from './run/redaction.ts'

/** Lines of one run wait so long for others to go with. */
const FLUSH_MS = 200
const FLUSH_LINES = 100
/** Lines that wait for a slow store; more are dropped and counted. */
const MOST_WAITING = 1_000
const MOST_UNDER_WAY = 4
/** What a run waits for its last lines at most. */
const CLOSE_MS = 500

/** What a tool that works for a run printed. */
export interface Printed {
  tool: string
  stream: 'stdout' | 'stderr'
  line: string
}

/** The logs of the requests that this worker runs. */
export interface Journals {
  /** Every line passes through `redact`. For whoever holds the request's lock: there is one run of a request at a time. */
  open(
    run: { provisioningRequestId: string; reference: string; generation: number },
    redact: (text: string) => string,
  ): Journal
  /** For the run that the child process belongs to; of others nothing is kept. */
  printed(scope: RunScope, printed: Printed): void
}

/** The log of one run. It never blocks the run: lines go in batches, and are dropped (and counted) while the store is away. */
export interface Journal {
  /** Writes to the log of the process, and from debug on to that of the request. */
  readonly log: Logger
  /** The same store, whose writes find the lines from before them already on their way. */
  ahead(requests: Requests): Requests
  close(): Promise<void>
}

interface Entry {
  generation: number
  add(line: LogLine): void
}

export function createJournals({ requests, log }: { requests: Requests; log: Logger }): Journals {
  const byReference = new Map<string, Entry>()
  const tee = createTee(log)

  return {
    open({ provisioningRequestId: id, reference, generation }, redact) {
      const sender = createSender((lines) => requests.collection.appendLines(id, lines, reference))
      const entry: Entry = { generation, add: (line) => sender.add(textOfLine(redacted(line, redact))) }
      const own = tee({ provisioningRequestId: id, reference, generation }, (text) => {
        const line = readLine(text)
        if (line) entry.add(line)
      })
      byReference.set(reference, entry)
      return {
        log: own,
        ahead: (given) => ({
          ...given,
          collection: {
            ...given.collection,
            replace(...args) {
              sender.flush()
              return given.collection.replace(...args)
            },
          },
        }),
        async close() {
          if (byReference.get(reference) === entry) byReference.delete(reference)
          await sender.close()
        },
      }
    },

    printed({ reference, step }, { tool, stream, line }) {
      const entry = byReference.get(reference)
      if (!entry || line.trim() === '') return
      const { generation } = entry
      entry.add({
        time: new Date().toISOString(),
        level: 'info',
        ...saidBy(line),
        tool,
        stream,
        step,
        generation,
      })
    },
  }
}

function redacted(line: LogLine, redact: (text: string) => string): LogLine {
  const { time, level, msg, ...rest } = line
  const clean = redactAll(rest, redact)
  return { ...(isRecord(clean) && clean), time, level, msg: redact(msg) }
}

/** kpt tells its events as JSON objects: they stay what they are, and are told in words. */
function saidBy(line: string): { msg: string; output?: JsonObject } {
  const parsed = line.startsWith('{') ? parsedOf(line) : undefined
  return isRecord(parsed) ? { msg: wordsOf(parsed), output: parsed } : { msg: line }
}

/** `wait Deployment ran/du Pending`: whatever of it there is. */
function wordsOf({ type, action, kind, namespace, name, status, message, error }: JsonObject): string {
  const named = typeof namespace === 'string' && namespace !== '' ? `${namespace}/${name}` : name
  const words = [type ?? 'event', action, kind, named, status, message, error]
  return words.filter((word) => typeof word === 'string' && word !== '').join(' ')
}

const LEVELS: Record<string, LogLevel> = { 10: 'debug', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'error' }

/** What is the same in each line of a run, or helps with the log of the process alone. */
const OF_THE_PROCESS = new Set([
  'service',
  'pid',
  'hostname',
  'provisioningRequestId',
  'reference',
  'trace_id',
  'span_id',
])

/** A line of pino as one of ours. */
function readLine(text: string): LogLine | undefined {
  const parsed = parsedOf(text)
  if (!isRecord(parsed)) return undefined
  const { level, time, msg, ...rest } = parsed
  if (typeof time !== 'string') return undefined
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => !OF_THE_PROCESS.has(key)))
  return { ...own, time, level: LEVELS[String(level)] ?? 'info', msg: typeof msg === 'string' ? msg : '' }
}

function parsedOf(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    // Tools print what they like: what is no JSON is text.
    return undefined
  }
}

const isRecord = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Sends lines in batches, in order, and waits for none of them. */
function createSender(send: (lines: string[]) => Promise<unknown>) {
  let waiting: string[] = []
  let lost = 0
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const underWay = new Set<Promise<void>>()

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0 || underWay.size >= MOST_UNDER_WAY) return
    const [batch, missing] = [waiting, lost]
    waiting = []
    lost = 0
    const sent = send(missing > 0 ? [lostLine(missing), ...batch] : batch)
      .then(
        () => undefined,
        () => {
          // The store is away: what was lost is said with the next lines that arrive.
          lost += missing + batch.length
        },
      )
      .finally(() => {
        underWay.delete(sent)
        if (waiting.length > 0) flush()
      })
    underWay.add(sent)
  }

  return {
    flush,
    add(line: string) {
      if (closed) return
      if (waiting.length >= MOST_WAITING) lost += 1
      else waiting.push(line)
      if (waiting.length >= FLUSH_LINES) flush()
      else timer ??= setTimeout(flush, FLUSH_MS)
    },
    /** Waits for all that was said until now, also for what waits for a place, but no longer than CLOSE_MS. What comes later is dropped. */
    async close() {
      closed = true
      flush()
      const over = sleep(CLOSE_MS, 'over', { ref: false })
      while (underWay.size > 0) if ((await Promise.race([...underWay, over])) === 'over') break
      clearTimeout(timer)
    },
  }
}

function lostLine(lost: number): string {
  const msg = `${lost} ${lost === 1 ? 'line was' : 'lines were'} lost: the store was away, or too slow`
  return textOfLine({ time: new Date().toISOString(), level: 'warn', msg, lost })
}
