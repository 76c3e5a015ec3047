import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { isObject } from '../fields.ts'

/** One line of a watch, as the API server sends it. */
export interface WatchLine {
  type: string
  object: Record<string, unknown>
}

/** etcd takes objects of 1.5 MiB; beyond this it is no Kubernetes. */
const LONGEST_LINE = 32 * 1024 * 1024

/**
 * Parses a watch line by line. Pulls: nothing is read ahead of the consumer but what the socket holds, and a consumer that is too slow is
 * the server's to disconnect.
 * @throws Error when a line is no watch event
 */
export async function* watchLines(body: Readable): AsyncGenerator<WatchLine> {
  const decoder = new StringDecoder('utf8')
  let pieces: string[] = []
  let length = 0
  for await (const chunk of body) {
    const text = decoder.write(Buffer.from(chunk))
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) {
      const whole = pieces.length === 0 ? line : pieces.join('') + line
      pieces = []
      length = 0
      if (whole.trim() !== '') yield parsed(whole)
    }
    if (rest === '') continue
    pieces.push(rest)
    length += rest.length
    if (length > LONGEST_LINE) throw new Error('the API server sent an event that is too long')
  }
}

function parsed(line: string): WatchLine {
  const event: unknown = JSON.parse(line)
  if (!isObject(event) || typeof event.type !== 'string' || !isObject(event.object)) {
    throw new Error('the API server sent something that is no watch event')
  }
  return { type: event.type, object: event.object }
}
