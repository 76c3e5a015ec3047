import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, THINGS, thingsRequest } from '../harness/api.ts'
import { call, statusUnder, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { readMetrics, type Sample, sampleValue } from './read-metrics.ts'

const FRONT = '/o2ims/v1/provisioningRequests'
const ONE = `${FRONT}/{provisioningRequestId}`
const ANSWERS = 'o2ims_http_request_duration_seconds_count'

describe('the metrics', needs('redis'), () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi({ keepInventory: true })
  })
  afterAll(() => api?.close())

  const read = () => readMetrics(api.url)
  const post = (body: object) => call(`${api.url}${FRONT}`, 'POST', body)

  it('of a whole run tell of its answers, steps, end, notifications and phase', async () => {
    const peer = await startPeer()
    await call(`${api.url}/o2ims/v1/subscriptions`, 'POST', { api: 'provisioning', callback: peer.url })
    const [good, bad] = [randomUUID(), randomUUID()]
    api.world.duringApply = async (name) => {
      if (name === 'broken') throw new Error('it broke')
    }
    const broken = { templateParameters: { oCloud: 'sim-1', second: 'broken' } }
    for (const body of [thingsRequest(good), thingsRequest(bad, broken)]) expect((await post(body)).status).toBe(201)
    expect((await toTheEnd(api.url, good)).body.status.provisioningPhase).toBe('FULFILLED')
    const failed = (await toTheEnd(api.url, bad)).body
    expect(failed.status.provisioningPhase).toBe('FAILED')
    const { code } = failed.progress.error
    await eventually(() =>
      expect(peer.requests.filter(({ body }) => /"FULFILLED"|"FAILED"/.test(body)).length).toBeGreaterThan(1),
    )
    await eventually(async () => {
      const samples = await read()
      const value = (name: string, labels = {}) => sampleValue(samples, name, labels)
      expect(value(ANSWERS, { method: 'POST', route: FRONT, status: '201' })).toBe(2)
      expect(value(ANSWERS, { method: 'GET', route: ONE, status: '200' })).toBe(2)
      const steps = (labels: object) => value('o2ims_step_duration_seconds_count', { uses: 'thing', ...labels })
      expect(steps({ action: 'apply', result: 'succeeded' })).toBe(3)
      expect(steps({ action: 'apply', result: 'failed' })).toBe(1)
      expect(steps({ action: 'undo', result: 'succeeded' })).toBe(2)
      const ends = (labels: object) => value('o2ims_provisioning_duration_seconds_count', labels)
      expect([ends({ phase: 'FULFILLED', code: '' }), ends({ phase: 'FAILED', code })]).toEqual([1, 1])
      expect(value('o2ims_provisioning_requests', { phase: 'FULFILLED' })).toBe(1)
      expect(value('o2ims_provisioning_requests', { phase: 'FAILED' })).toBe(1)
      const accepted = { api: 'provisioning', result: 'accepted' }
      expect(value('o2ims_notification_attempts_total', accepted)).toBe(peer.requests.length)
      expect(value('o2ims_notification_lag_seconds_count', { api: 'provisioning' })).toBe(peer.requests.length)
      expect(value('o2ims_notifications_oldest_seconds')).toBe(0)
      expect(value('o2ims_queue_jobs', { queue: 'provisioning', state: 'waiting' })).toBe(0)
      expect(value('o2ims_oclouds', { reachable: 'true' })).toBe(1)
      expect(value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
    })
    const { oCloudId } = (await call(`${api.url}/o2ims/v1/ocloud`)).body[0]
    expect(sampleValue(await read(), 'o2ims_ocloud_reachable', { ocloud_id: oCloudId })).toBe(1)
    await call(`${api.url}${FRONT}/${good}`, 'DELETE')
    await eventually(async () =>
      expect(sampleValue(await read(), 'o2ims_provisioning_requests', { phase: 'FULFILLED' })).toBe(0),
    )
    await peer.close()
  })

  it('count an alias as the path that it stands for, and event streams that are open', async () => {
    const alias = '/o2ims-infrastructureProvisioning/v1/provisioningRequests'
    expect((await call(`${api.url}${alias}`)).status).toBe(200)
    const route = '/O2ims_infrastructureProvisioning/v1/provisioningRequests'
    expect(sampleValue(await read(), ANSWERS, { method: 'GET', route, status: '200' })).toBe(1)
    const id = randomUUID()
    await post(thingsRequest(id))
    const goes = new AbortController()
    await fetch(`${api.url}${FRONT}/${id}/logs?follow=true`, { signal: goes.signal })
    expect(sampleValue(await read(), 'o2ims_http_event_streams')).toBe(1)
    goes.abort()
    await eventually(async () => expect(sampleValue(await read(), 'o2ims_http_event_streams')).toBe(0))
  })

  it('grow by nothing that comes from outside: paths, ids, methods, names, headers', async () => {
    // Each sort once, so that their series are there.
    await odd(0)
    const before = series(await read())
    for (let from = 1; from <= 1000; from += 20)
      await Promise.all(Array.from({ length: 20 }, (_, one) => odd(from + one)))
    const after = await read()
    expect(series(after)).toEqual(before)
    expect(sampleValue(after, ANSWERS, { method: 'GET', route: 'unmatched', status: '404' })).toBe(2002)
    for (const { labels } of after) expect(JSON.stringify(labels)).not.toContain('odd')
  }, 120_000)

  async function odd(index: number): Promise<void> {
    const name = `odd-${index}`
    const methods = ['PROPFIND', 'PURGE', 'M-SEARCH', 'REBIND', 'LINK']
    await Promise.all([
      call(`${api.url}/${name}`),
      statusUnder(`${name}.test`, `${api.url}/${name}`),
      call(`${api.url}${FRONT}/${name}`),
      call(`${api.url}/o2ims/v1/ocloud/${name}?${name}=1`),
      call(`${api.url}/o2ims/v1/templates/${name}/${name}`),
      post({ ...thingsRequest(name), templateName: name }),
      call(`${api.url}/${name}%`),
      withMethod(methods[index % methods.length] ?? 'LINK', `/${name}`),
    ])
  }

  const withMethod = (method: string, path: string) =>
    new Promise<void>((resolve, reject) => {
      request(`${api.url}${path}`, { method }, (answer) => answer.resume().on('end', resolve))
        .on('error', reject)
        .end()
    })

  const series = (samples: Sample[]) =>
    samples
      .filter(({ name }) => name.startsWith('o2ims_'))
      .map(({ name, labels }) => `${name}${JSON.stringify(labels)}`)
      .sort()

  it('count what is refused before it comes to a route, as of no route', async () => {
    const counted = async (method: string, status: string) =>
      sampleValue(await read(), ANSWERS, { method, route: 'unmatched', status }) ?? 0
    const undecodable = await counted('PUT', '400')
    expect((await call(`${api.url}${FRONT}/%`, 'PUT', {})).status).toBe(400)
    expect((await call(`${api.url}${FRONT}/${'x'.repeat(2000)}`, 'PUT', {})).status).toBe(400)
    expect(await counted('PUT', '400')).toBe(undecodable + 2)

    expect(await bareAnswer(`GET / HTTP/1.1\r\nX-Big: ${'x'.repeat(140_000)}\r\n\r\n`)).toContain(' 431 ')
    expect(await bareAnswer('no HTTP at all\r\n\r\n')).toContain(' 400 ')
    expect([await counted('other', '431'), await counted('other', '400')]).toEqual([1, 1])
  })

  /** What comes back when a client writes just this. */
  async function bareAnswer(text: string): Promise<string> {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
    socket.setEncoding('utf8').end(text)
    let answer = ''
    for await (const chunk of socket) answer += chunk
    return answer
  }

  it('grow by no name of a template or a step that a client posts', async () => {
    const before = series(await read())
    for (const name of ['odd-template-1', 'odd-template-2', 'odd-template-3']) {
      const template = { ...THINGS, name, steps: [{ ...THINGS.steps[0], name: `${name}-step` }] }
      expect((await call(`${api.url}/o2ims/v1/templates`, 'POST', template)).status).toBe(201)
      const id = randomUUID()
      expect((await post({ ...thingsRequest(id), templateName: name })).status).toBe(201)
      expect((await toTheEnd(api.url, id)).body.status.provisioningPhase).toBe('FULFILLED')
    }
    const grown = new Set(series(await read()).filter((one) => !before.includes(one)))
    expect([...grown].filter((one) => one.includes('odd'))).toEqual([])
    // The first of them makes series of its route; there are no more than that.
    expect([...grown].filter((one) => !one.includes('/o2ims/v1/templates'))).toEqual([])
  })

  it('are there while Redis is away, without what only Redis knows', async () => {
    await api.stopRedis()
    await eventually(async () => expect(sampleValue(await read(), 'o2ims_store_up')).toBe(0))
    const samples = await read()
    const shared = /^o2ims_(provisioning_requests|queue|notifications_oldest|ocloud)/
    expect(samples.filter(({ name }) => shared.test(name))).toEqual([])
    expect(sampleValue(samples, ANSWERS, { route: FRONT })).toBeGreaterThan(0)
  })
})
