import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LogLine, textOfLine } from '../../src/provisioning/logs-line.ts'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'

const linesOf = (text: string): LogLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe('the log of a request', needs('redis'), () => {
  let api: TestApi
  let front: string

  beforeAll(async () => {
    api = await startTestApi({ settings: { heartbeatSeconds: 0.05 } })
    front = `${api.url}/o2ims/v1/provisioningRequests`
  })
  afterAll(() => api?.close())

  const logs = async (id: string, query = '') => linesOf((await call(`${front}/${id}/logs${query}`)).body)

  test('F19: every line parses, whatever was said in it', async () => {
    const words = 'a "quote", a\nbreak, \u2028, \u0007, half a pair \ud83d and {"json": [1}'
    api.world.duringApply = async (_name, context) => {
      context.log.info({ what: words }, words)
      context.progress(50, words)
    }
    await call(front, 'POST', thingsRequest('quotes', { description: words.toWellFormed() }))
    await toTheEnd(api.url, 'quotes')
    api.world.duringApply = async () => undefined
    const answer = await call(`${front}/quotes/logs`)
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
    const lines = linesOf(answer.body)
    expect(lines.filter(({ msg }) => msg.startsWith('a "quote", a\nbreak, \u2028, \u0007'))).not.toHaveLength(0)
    for (const line of lines)
      expect(line).toMatchObject({ time: expect.stringMatching(/^\d{4}-.*Z$/), level: expect.any(String) })
  })

  test('tells the run from its acceptance to its end, in order, with step, generation and duration', async () => {
    api.world.duringApply = async (name, context) => context.log.warn({ thing: name }, `makes ${name}`)
    await call(front, 'POST', thingsRequest('told'))
    await toTheEnd(api.url, 'told')
    api.world.duringApply = async () => undefined
    const lines = await logs('told')
    expect(lines.map(({ step, msg }) => [step, msg])).toEqual([
      [undefined, 'waiting for a worker'],
      [undefined, 'started'],
      ['one', 'started'],
      ['one', 'makes a'],
      ['one', '1 object, 1 changed'],
      ['two', 'started'],
      ['two', 'makes b'],
      ['two', '1 object, 1 changed'],
      [undefined, 'provisioned'],
    ])
    expect(lines[3]).toMatchObject({ level: 'warn', step: 'one', generation: 1, thing: 'a' })
    expect(lines[4]).toMatchObject({ level: 'info', state: 'SUCCEEDED', durationMs: expect.any(Number), generation: 1 })
    expect(await logs('told', '?tail=2')).toEqual(lines.slice(-2))
    expect(await logs('told', '?tail=0')).toEqual([])
  })

  test('followed, comes as it happens, shows that it is still there, and ends with the request', async () => {
    const gate = Promise.withResolvers<void>()
    api.world.duringApply = (name) => (name === 'held' ? gate.promise : Promise.resolve())
    await call(front, 'POST', thingsRequest('followed', { templateParameters: { oCloud: 'sim-1', first: 'held' } }))
    let text = ''
    const following = (async () => {
      const answer = await fetch(`${front}/followed/logs?follow=true`, { signal: AbortSignal.timeout(20_000) })
      expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
      for await (const chunk of answer.body ?? []) text += new TextDecoder().decode(chunk)
    })()
    await eventually(() => {
      const lines = linesOf(text.slice(0, text.lastIndexOf('\n') + 1))
      expect(lines.some(({ step, msg }) => step === 'one' && msg === 'started')).toBe(true)
      expect(lines.some(({ heartbeat }) => heartbeat === true)).toBe(true)
    })
    gate.resolve()
    await following
    api.world.duringApply = async () => undefined
    const followed = linesOf(text).filter(({ heartbeat }) => heartbeat !== true)
    expect(followed.at(-1)).toMatchObject({ msg: 'provisioned', provisioningPhase: 'FULFILLED' })
    expect(followed).toEqual(await logs('followed'))
    const again = await fetch(`${front}/followed/logs?follow=true&tail=1`)
    expect(linesOf(await again.text())).toEqual(followed.slice(-1))
  })

  test('goes on with a retry, and goes with the request', async () => {
    await call(`${front}/told/retry`, 'POST')
    await toTheEnd(api.url, 'told')
    const generations = (await logs('told')).map(({ generation }) => generation)
    expect(new Set(generations)).toEqual(new Set([1, 2]))
    const following = fetch(`${front}/told/logs?follow=true`).then((answer) => answer.text())
    await following
    await call(`${front}/told`, 'DELETE')
    await eventually(async () => expect((await call(`${front}/told/logs`)).status).toBe(404))
    await call(front, 'POST', thingsRequest('told'))
    await toTheEnd(api.url, 'told')
    expect(new Set((await logs('told')).map(({ generation }) => generation))).toEqual(new Set([1]))
  })

  test('says of a follower that its request is gone', async () => {
    const gate = Promise.withResolvers<void>()
    api.world.duringUndo = () => gate.promise
    await call(front, 'POST', thingsRequest('leaving'))
    await toTheEnd(api.url, 'leaving')
    await call(`${front}/leaving`, 'DELETE')
    const following = fetch(`${front}/leaving/logs?follow=true`, { signal: AbortSignal.timeout(20_000) })
    const answer = await following
    gate.resolve()
    expect(linesOf(await answer.text()).at(-1)).toMatchObject({ msg: 'the request is gone' })
    api.world.duringUndo = async () => undefined
  })

  test.each(['?tail=x', '?tail=-1', '?tail=99999', '?follow=yes', '?other=1'])('refuses %s', async (query) => {
    expect((await call(`${front}/quotes/logs${query}`)).body).toMatchObject({ status: 400, code: 'INVALID_QUERY' })
  })

  test('of an unknown request is a 404, followed or not', async () => {
    for (const query of ['', '?follow=true'])
      expect((await call(`${front}/nobody/logs${query}`)).body).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a line of the log', () => {
  const line = { time: '2026-01-01T00:00:00.000Z', level: 'info' as const, msg: 'x'.repeat(10_000) }

  test('is cut where it is too long', () => {
    expect(JSON.parse(textOfLine(line)).msg).toMatch(/^x{1999}…$/)
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`field${index}`, 'y'.repeat(1_000)]))
    const text = textOfLine({ ...line, ...many, step: 'one' })
    expect(text.length).toBeLessThan(8_000)
    expect(JSON.parse(text)).toMatchObject({ step: 'one', shortened: true })
  })
})
