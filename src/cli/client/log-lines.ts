import { type Api, logsPath } from './api.ts'
import { CommandFailure } from './failure.ts'
import { parseJson } from './http.ts'
import { pause } from './pause.ts'
import { logLineSchema, type WireLogLine } from './wire.ts'

/** The service says "nothing new" far more often. */
const SILENCE_MS = 60_000
const AWAY_MS = 120_000
/** More than the service keeps, so that after a break no line is told twice. */
const REMEMBERED = 5_000
const LONGEST_LINE = 64 * 1024
const ENDED = ['FULFILLED', 'FAILED']

/** A line of the log: as it came, and what we read of it. */
export interface LogLine {
  text: string
  line: WireLogLine
}

/** Reads lines of JSON; what is none is left out. */
export function parseLogLines(text: string): LogLine[] {
  return text.split('\n').flatMap((each) => {
    const line = logLineSchema.safeParse(parseJson(each))
    return line.success && line.data.heartbeat !== true ? [{ text: each, line: line.data }] : []
  })
}

/**
 * The log of a request until that has ended, over as many connections as it takes; no line comes twice. Rejects with a CommandFailure when the service refuses,
 * or is away for two minutes. Ends quietly when the signal aborts.
 */
export async function* followLog(
  api: Api,
  id: string,
  { tail, signal }: { tail?: number; signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const seen = new Set<string>()
  let awaySince: number | undefined
  for (let first = true; !signal.aborted; first = false) {
    try {
      for await (const line of connect(api, id, { ...(first && tail !== undefined && { tail }), signal })) {
        awaySince = undefined
        if (seen.has(line.text)) continue
        seen.add(line.text)
        if (seen.size > REMEMBERED) seen.delete(seen.values().next().value ?? '')
        yield line
      }
      if (await hasEnded(api, id)) return
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof CommandFailure) || !error.retryable) throw error
      awaySince ??= Date.now()
      if (Date.now() - awaySince > AWAY_MS) throw error
    }
    await pause(500 * (0.5 + Math.random()), signal)
  }
}

/** One connection, until it closes. */
async function* connect(
  { http }: Api,
  id: string,
  { tail, signal }: { tail?: number; signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`)), SILENCE_MS)
  try {
    const response = await http.open(logsPath(id, { follow: true, ...(tail !== undefined && { tail }) }), {
      signal: AbortSignal.any([signal, silence.signal]),
      headers: { accept: 'application/x-ndjson, application/problem+json' },
    })
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of chunksOf(response, http.server)) {
      timer.refresh()
      rest += decoder.decode(chunk, { stream: true })
      const end = rest.lastIndexOf('\n') + 1
      yield* parseLogLines(rest.slice(0, end))
      rest = rest.slice(end)
      if (rest.length > LONGEST_LINE) throw new CommandFailure(`a line of the log is longer than ${LONGEST_LINE} bytes`)
    }
  } finally {
    clearTimeout(timer)
  }
}

async function* chunksOf(response: Response, server: string): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body ?? []
  } catch (error) {
    throw new CommandFailure(`the connection to ${server} broke off`, { retryable: true, cause: error })
  }
}

/** A stream closes when the request has ended, and when the service stops. */
async function hasEnded(api: Api, id: string): Promise<boolean> {
  try {
    return ENDED.includes((await api.get(id)).status.provisioningPhase)
  } catch (error) {
    if (error instanceof CommandFailure && error.status === 404) return true
    throw error
  }
}
