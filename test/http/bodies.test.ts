import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../harness/client.ts'
import { BODY_LIMIT, startToyApp, type ToyApp } from './toy-app.ts'

const TEN_MB = 10 * 1024 * 1024
let toys: ToyApp

beforeAll(async () => {
  toys = await startToyApp()
})
afterAll(() => toys.close())

const post = (body: string, headers: Record<string, string> = {}) => call(`${toys.url}/toys`, 'POST', body, headers)

describe('a body', () => {
  test('of JSON reaches the handler', async () => {
    expect((await post('{"name":"ball","parts":{"a":[1,null,true]}}')).status).toBe(200)
    expect(toys.received.at(-1)).toEqual({ name: 'ball', parts: { a: [1, null, true] } })
  })

  test.each([
    ['{"name":"a",', 'line 1, column 13'],
    ['{\n  "name": nope\n}', 'line 2, column 11'],
    ['', 'line 1, column 1'],
    ['{"name":"a"} x', 'line 1, column 14'],
    ["{'name':1}", 'line 1, column 2'],
    ['{"name":"a","name":"b"}', 'this name stands here twice'],
    ['{"name":"tab\there"}', 'must be escaped'],
    ['{"size":12345678901234567890}', 'an integer that would lose digits'],
    ['{"size":1e999}', 'a number that is too large'],
    ['{"name":"\\ud800"}', 'surrogate'],
    [`${'['.repeat(70)}${']'.repeat(70)}`, 'levels deep'],
  ])('of broken JSON %j is a 400 that says where: %s', async (body, where) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'MALFORMED_BODY', type: '/problems/malformed-body', instance: '/toys' })
    expect(answer.body.detail).toContain(where)
  })

  test('of broken JSON is not repeated in the answer', async () => {
    const answer = await post('{"kubeconfig": "token: s3cret" broken')
    expect(JSON.stringify(answer.body)).not.toContain('s3cret')
  })

  test('that is not UTF-8 is a 400', async () => {
    const answer = await fetch(`${toys.url}/toys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x22, 0xff, 0xfe, 0x22]),
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'MALFORMED_BODY' })
  })

  test.each(['__proto__', 'constructor'])('with the key %s is a 400 with its pointer', async (key) => {
    const answer = await post(`{"name":"a","parts":{"x":{"${key}":{"polluted":true}}}}`)
    expect(answer.status).toBe(400)
    expect(answer.body.errors).toEqual([
      { pointer: `/parts/x/${key}`, message: expect.stringContaining('not allowed') },
    ])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('with wrong and unknown fields is a 400 with one entry for each', async () => {
    const answer = await post('{"size":0,"colour":"red","parts":5}')
    expect(answer.status).toBe(400)
    expect(answer.body.code).toBe('INVALID_ARGS')
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        { pointer: '/name', message: 'is required' },
        { pointer: '/size', message: 'must be at least 1' },
        { pointer: '/parts', message: 'must be an object' },
        { pointer: '/colour', message: 'is not known here' },
      ]),
    )
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'nonsense'])(
    'sent as %s is a 415',
    async (type) => {
      const answer = await post('{"name":"a"}', { 'content-type': type })
      expect(answer.status).toBe(415)
      expect(answer.body).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' })
    },
  )

  test('that is missing with its content type is a 415', async () => {
    expect((await call(`${toys.url}/toys`, 'POST')).status).toBe(415)
  })

  test('that is compressed is a 415', async () => {
    expect((await post('{"name":"a"}', { 'content-encoding': 'gzip' })).status).toBe(415)
  })
})

describe('a body that is too large', () => {
  test('is a 413 that fetch can read', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(TEN_MB) }))
    expect(answer.status).toBe(413)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.body).toMatchObject({ code: 'BODY_TOO_LARGE', detail: expect.stringContaining(String(BODY_LIMIT)) })
  })

  test('is a 413 that a slow sender reads after its last byte, without a broken pipe', async () => {
    const { text, sent } = await sendSlowly({ length: TEN_MB, chunk: 1024 * 1024, pauseMs: 50 })
    expect(sent).toBe(TEN_MB)
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(text).toContain('"code":"BODY_TOO_LARGE"')
  })

  test('is a 413 when it comes in chunks of unknown length', async () => {
    const { text } = await sendSlowly({ length: TEN_MB, chunk: 1024 * 1024, pauseMs: 5, chunked: true })
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('that is never finished is answered after ten seconds all the same', async () => {
    const started = performance.now()
    const { text } = await sendSlowly({ length: TEN_MB, chunk: 1024, pauseMs: 0, stopAfter: 4096 })
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(performance.now() - started).toBeGreaterThan(9000)
    expect(performance.now() - started).toBeLessThan(13_000)
  })

  test('of any refused kind can be read too: 415 and 405 with ten megabytes behind them', async () => {
    const body = 'x'.repeat(TEN_MB)
    expect((await post(body, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await call(`${toys.url}/toys/1`, 'PATCH', body)).status).toBe(405)
    expect((await call(`${toys.url}/nowhere`, 'POST', body)).status).toBe(404)
  })
})

test('a client that breaks off in the middle of a body leaves the service as it was', async () => {
  const socket = connect(toys.port, '127.0.0.1')
  socket.write('POST /toys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name"')
  await sleep(50)
  socket.destroy()
  await sleep(50)
  expect((await post('{"name":"still here"}')).status).toBe(200)
})

interface Sending {
  length: number
  chunk: number
  pauseMs: number
  chunked?: boolean
  stopAfter?: number
}

/** Sends a body piece by piece on a raw socket; what came back, and how much could be sent. */
async function sendSlowly({
  length,
  chunk,
  pauseMs,
  chunked,
  stopAfter,
}: Sending): Promise<{ text: string; sent: number }> {
  const socket = connect(toys.port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const closed = once(socket, 'close')
  const size = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  socket.write(
    `POST /toys HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n${size}\r\n\r\n`,
  )
  let sent = 0
  const piece = Buffer.alloc(chunk, 'x')
  while (sent < (stopAfter ?? length)) {
    const framed = chunked
      ? Buffer.concat([Buffer.from(`${chunk.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
      : piece
    if (!socket.write(framed)) await once(socket, 'drain')
    sent += chunk
    await sleep(pauseMs)
  }
  if (chunked) socket.write('0\r\n\r\n')
  await closed
  return { text, sent }
}
