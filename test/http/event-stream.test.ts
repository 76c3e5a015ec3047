import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { describe, expect, test } from 'vitest'
import type { ServerSentEvent } from '../../src/http/event-stream.ts'
import { eventually } from '../harness/eventually.ts'
import { startToyApp } from './toy-app.ts'

/** Sends a step each `everyMs` until the signal. */
function ticking(everyMs: number, size = 1, seen: { sent: number; stopped: boolean } = { sent: 0, stopped: false }) {
  return async function* (signal: AbortSignal): AsyncIterable<ServerSentEvent> {
    try {
      for (let n = 1; !signal.aborted; n++) {
        seen.sent = n
        yield { id: `${n}-0`, event: 'step', data: { n, text: 'x\ny'.repeat(size) } }
        await sleep(everyMs, undefined, { signal }).catch(() => undefined)
      }
    } finally {
      seen.stopped = true
    }
  }
}

describe('an event stream', () => {
  test('has id, event and data on lines of their own, and one event stays one event', async () => {
    const toys = await startToyApp({ events: ticking(5) })
    try {
      const stop = new AbortController()
      const answer = await fetch(`${toys.url}/stream`, { signal: stop.signal })
      expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      const seen: EventSourceMessage[] = []
      const parser = createParser({ onEvent: (event) => seen.push(event) })
      const decoder = new TextDecoder()
      for await (const chunk of answer.body ?? []) {
        parser.feed(decoder.decode(chunk, { stream: true }))
        if (seen.length >= 3) break
      }
      stop.abort()
      expect(seen.slice(0, 3).map(({ id, event, data }) => [id, event, JSON.parse(data).n])).toEqual([
        ['1-0', 'step', 1],
        ['2-0', 'step', 2],
        ['3-0', 'step', 3],
      ])
    } finally {
      await toys.close()
    }
  })

  test('gets a comment while nothing happens', async () => {
    const toys = await startToyApp({ settings: { heartbeatSeconds: 0.05 }, events: ticking(60_000) })
    try {
      const socket = connect(toys.port, '127.0.0.1').setEncoding('utf8')
      let text = ''
      socket.on('data', (part) => {
        text += part
      })
      socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
      await eventually(() => expect(text.match(/^: /gm)?.length).toBeGreaterThan(2))
      socket.destroy()
    } finally {
      await toys.close()
    }
  })

  test('ends its source when the client goes away', async () => {
    const seen = { sent: 0, stopped: false }
    const toys = await startToyApp({ events: ticking(60_000, 1, seen) })
    try {
      const socket = connect(toys.port, '127.0.0.1')
      socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
      await once(socket, 'data')
      socket.destroy()
      await eventually(() => expect(seen.stopped).toBe(true), 1000)
    } finally {
      await toys.close()
    }
  })

  test('is not opened for a client that went away in the meantime', async () => {
    const seen = { sent: 0, stopped: false }
    const toys = await startToyApp({ events: ticking(60_000, 1, seen), slow: () => sleep(150) })
    try {
      const socket = connect(toys.port, '127.0.0.1')
      socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
      await sleep(50)
      socket.destroy()
      await sleep(300)
      expect(seen.sent === 0 || seen.stopped).toBe(true)
    } finally {
      await toys.close()
    }
  })

  test('asks its source for no more than a client takes', async () => {
    const seen = { sent: 0, stopped: false }
    const toys = await startToyApp({ events: ticking(0, 50_000, seen) })
    try {
      const socket = connect(toys.port, '127.0.0.1')
      socket.pause()
      socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
      await sleep(500)
      const first = seen.sent
      await sleep(500)
      expect(seen.sent).toBe(first)
      expect(first).toBeLessThan(200)
      socket.destroy()
    } finally {
      await toys.close()
    }
  })

  test('that cannot be opened is an error before it starts: too many at once', async () => {
    const toys = await startToyApp({ settings: { maxEventStreams: 1 }, events: ticking(60_000) })
    try {
      const first = await fetch(`${toys.url}/stream`)
      const second = await fetch(`${toys.url}/stream`)
      expect(second.status).toBe(503)
      expect(second.headers.get('retry-after')).toBe('2')
      await first.body?.cancel()
    } finally {
      await toys.close()
    }
  })

  test('whose source fails breaks off, so that the client comes back', async () => {
    const toys = await startToyApp({
      async *events() {
        yield { id: '1-0', event: 'step', data: {} }
        throw new Error('the store is away')
      },
    })
    try {
      const answer = await fetch(`${toys.url}/stream`)
      await expect(answer.text()).rejects.toThrow()
    } finally {
      await toys.close()
    }
  })
})

describe('a stop', () => {
  test('ends open streams within a second, without an end event, and does not wait for idle connections', async () => {
    const toys = await startToyApp({ events: ticking(60_000) })
    const agent = new Agent({ keepAlive: true })
    const [idle] = await once(get(`${toys.url}/toys/1`, { agent }), 'response')
    idle.resume()
    await once(idle, 'end')
    const stream = await fetch(`${toys.url}/stream`)
    const rest = stream.text()
    const started = performance.now()
    await toys.close()
    expect(performance.now() - started).toBeLessThan(1000)
    expect(await rest).not.toContain('event: end')
    agent.destroy()
  })

  test('lets an answer that is under way finish, and cuts one that hangs', async () => {
    const soon = await startToyApp({ slow: () => sleep(300) })
    const finishing = fetch(`${soon.url}/slow`)
    await sleep(50)
    await soon.close()
    expect((await finishing).status).toBe(200)

    const never = await startToyApp({ slow: () => sleep(60_000, undefined, { ref: false }) })
    const hanging = fetch(`${never.url}/slow`).then(
      () => 'answered',
      () => 'cut',
    )
    await sleep(50)
    const started = performance.now()
    await never.close()
    expect(performance.now() - started).toBeLessThan(3500)
    expect(await hanging).toBe('cut')
  })
})
