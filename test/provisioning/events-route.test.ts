import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call, follow, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

describe('the event stream of a request', needs('redis'), () => {
  let api: TestApi
  let front: string

  beforeAll(async () => {
    api = await startTestApi()
    front = `${api.url}/o2ims/v1/provisioningRequests`
  })
  afterAll(() => api?.close())

  const events = (id: string, lastEventId?: string) =>
    fetch(`${front}/${id}/events`, {
      headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
      signal: AbortSignal.timeout(10_000),
    })

  test('starts with a snapshot of the whole representation, tells each step, and ends', async () => {
    const gate = Promise.withResolvers<void>()
    api.world.duringApply = (name) => (name === 'gated' ? gate.promise : Promise.resolve())
    await call(front, 'POST', thingsRequest('told', { templateParameters: { oCloud: 'sim-1', first: 'gated' } }))
    const following = follow(`${front}/told/events`, AbortSignal.timeout(10_000), ({ event }) => {
      if (event === 'snapshot') gate.resolve()
    })
    const seen = await following
    expect(seen[0]).toMatchObject({
      event: 'snapshot',
      data: { provisioningRequestData: { provisioningRequestId: 'told' } },
    })
    expect(Object.keys(seen[0]?.data)).toContain('progress')
    const states = seen.filter(({ event }) => event === 'step').map(({ data }) => `${data.step} ${data.state}`)
    expect(states).toContain('two RUNNING')
    expect(states.at(-1)).toBe('two SUCCEEDED')
    expect(seen.at(-2)).toMatchObject({ event: 'phase', data: { provisioningPhase: 'FULFILLED', generation: 1 } })
    expect(seen.at(-1)).toMatchObject({ event: 'end', data: { provisioningPhase: 'FULFILLED' } })
    expect(seen.every(({ id }) => /^\d+-\d+$/.test(id ?? ''))).toBe(true)
  })

  test('goes on after Last-Event-ID, without loss and without repetition', async () => {
    await call(front, 'POST', thingsRequest('resumed'))
    await toTheEnd(api.url, 'resumed')
    const whole = await (await events('resumed', '0-0')).text()
    const ids = [...whole.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '')
    expect(ids.length).toBeGreaterThan(5)
    for (const [index, id] of ids.entries()) {
      if (index === ids.length - 1) continue
      const rest = await (await events('resumed', id)).text()
      expect([...rest.matchAll(/^id: (.*)$/gm)].map(([, seen]) => seen)).toEqual(ids.slice(index + 1))
      expect(rest).not.toContain('event: snapshot')
    }
    const last = await (await events('resumed', ids.at(-1))).text()
    expect(last.match(/^event: .*$/gm)).toEqual(['event: end'])
  })

  test('of an ended request is a snapshot and the end', async () => {
    const seen = await (await events('resumed')).text()
    expect(seen.match(/^event: .*$/gm)).toEqual(['event: snapshot', 'event: end'])
  })

  test.each(['garbage', '1', '1-', '-1-0', '1-0, 2-0', '99999999999999999-0'])(
    'refuses the Last-Event-ID %j with 400',
    async (id) => {
      const answer = await events('resumed', id)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ code: 'INVALID_ARGS' })
    },
  )

  test('of an unknown request is a 404 as problem details', async () => {
    const answer = await events('unknown')
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json; charset=utf-8',
    ])
  })

  test('of a request that is deleted ends with deleted', async () => {
    await call(front, 'POST', thingsRequest('deleted'))
    await toTheEnd(api.url, 'deleted')
    await call(`${front}/deleted`, 'DELETE')
    const seen = await follow(`${front}/deleted/events`, AbortSignal.timeout(10_000))
    if (seen.length > 0) expect(seen.at(-1)).toMatchObject({ event: 'end', data: { deleted: true } })
    expect((await call(`${front}/deleted`)).status).toBe(404)
  })

  test('reaches a hundred clients at once, each with every step in order', async () => {
    const gate = Promise.withResolvers<void>()
    api.world.duringApply = (name) => (name === 'crowd' ? gate.promise : Promise.resolve())
    await call(front, 'POST', thingsRequest('crowd', { templateParameters: { oCloud: 'sim-1', first: 'crowd' } }))
    let open = 0
    const clients = Array.from({ length: 100 }, () =>
      follow(`${front}/crowd/events`, AbortSignal.timeout(15_000), ({ event }) => {
        if (event === 'snapshot' && ++open === 100) gate.resolve()
      }),
    )
    const seen = await Promise.all(clients)
    for (const events of seen) {
      expect(events.at(-1)?.event).toBe('end')
      const steps = events.filter(({ event }) => event === 'step').map(({ data }) => `${data.step} ${data.state}`)
      expect(steps.slice(-2)).toEqual(['two RUNNING', 'two SUCCEEDED'])
    }
  })
})

test('a stop closes the streams without an end event, within a second', needs('redis'), async () => {
  const api = await startTestApi({ worker: false })
  let closed = false
  try {
    const front = `${api.url}/o2ims/v1/provisioningRequests`
    await call(front, 'POST', thingsRequest('waits'))
    const answer = await fetch(`${front}/waits/events`)
    const rest = answer.text().then((text) => ({ text, at: performance.now() }))
    await sleep(100)
    const stopped = performance.now()
    await api.close()
    closed = true
    const { text, at } = await rest
    expect(at - stopped).toBeLessThan(1000)
    expect(text).toContain('event: snapshot')
    expect(text).not.toContain('event: end')
  } finally {
    if (!closed) await api.close()
  }
})
