import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { manifestsTemplate, requestFor } from '../harness/templates.ts'
import { CONFIG_MAP, makeRepository } from '../packages/git-server.ts'
import {
  childrenOf,
  clientSpan,
  type OtlpReceiver,
  type SeenSpan,
  spansIn,
  startOtlpReceiver,
} from './otlp-receiver.ts'

const REQUESTS = '/o2ims/v1/provisioningRequests'

describe('the trace of a request', needs('redis', 'git'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-traces-'))
  const toldToGit = join(folder, 'told-to-git')
  const tracesFile = join(folder, 'traces.jsonl')
  let receiver: OtlpReceiver
  let subscriber: HttpPeer
  let server: TestServer

  beforeAll(async () => {
    makeRepository(join(folder, 'catalogue')).commit({ 'demo/a.yaml': CONFIG_MAP('demo') })
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    const script = `#!/bin/sh\necho "$TRACEPARENT" >> ${toldToGit}\nPATH=\${PATH#*:} exec git "$@"\n`
    writeFileSync(join(bin, 'git'), script, { mode: 0o755 })
    receiver = await startOtlpReceiver()
    subscriber = await startPeer()
    server = await startServer({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        TRACES_FILE: tracesFile,
        KPT_CATALOG_URL: `file://${join(folder, 'catalogue')}`,
        CALLBACK_ALLOW_HTTP: 'true',
        CALLBACK_ALLOW_ADDRESSES: '127.0.0.1',
        PATH: `${bin}:${process.env.PATH}`,
      },
    })
    const subscription = { api: 'provisioning', callback: subscriber.url }
    expect((await call(`${server.url}/o2ims/v1/subscriptions`, 'POST', subscription)).status).toBe(201)
    await call(`${server.url}/o2ims/v1/templates`, 'POST', manifestsTemplate('objects'))
  })
  afterAll(async () => {
    await server?.dispose()
    await Promise.all([receiver?.close(), subscriber?.close()])
    rmSync(folder, { recursive: true, force: true })
  })

  /** A POST by a client that traces; resolves with the request's id and the client's ids. */
  async function post(body: (id: string) => JsonObject, { query = '', flags = '01' } = {}) {
    const id = randomUUID()
    const { traceId, spanId, headers } = clientSpan(flags)
    const answer = await call(`${server.url}${REQUESTS}${query}`, 'POST', body(id), headers)
    return { id, traceId, spanId, answer }
  }

  const demo = (id: string, options?: JsonObject) =>
    requestFor(id, 'kpt-workload', { oCloud: 'sim-edge-1', package: 'demo', namespace: id }, options)
  const ofTrace = (traceId: string) => receiver.spans().filter((span) => span.traceId === traceId)

  /** The spans of a trace, once its run and `notifications` of those that it brought about are there. */
  async function traced(traceId: string, notifications: number): Promise<SeenSpan[]> {
    await eventually(() => {
      const spans = ofTrace(traceId)
      expect(spans.some(({ name }) => name === 'provision the request')).toBe(true)
      expect(spans.filter(({ name }) => name === 'notify').length).toBeGreaterThanOrEqual(notifications)
    })
    return ofTrace(traceId)
  }

  it('holds the POST, the job, each step, its child processes and the notifications, as the client began it', async () => {
    const { id, traceId, spanId, answer } = await post(demo)
    expect(answer.status).toBe(201)
    expect((await toTheEnd(server.url, id)).body.status.provisioningPhase).toBe('FULFILLED')
    await eventually(() => expect(subscriber.requests.at(-1)?.body).toContain('FULFILLED'))
    const told = subscriber.requests.filter(({ body }) => body.includes(id))
    const spans = await traced(traceId, told.length)

    const [received] = spans.filter(({ parentSpanId }) => parentSpanId === spanId)
    expect(received).toMatchObject({ name: `POST ${REQUESTS}`, kind: 2 })
    expect(received?.attributes).toMatchObject({
      'http.response.status_code': 201,
      'o2ims.provisioning_request_id': id,
    })
    const run = childrenOf(received, spans).find(({ kind }) => kind === 5)
    expect(run).toMatchObject({ name: 'provision the request' })
    expect(run?.attributes).toMatchObject({ 'o2ims.provisioning_request_id': id, 'o2ims.phase': 'FULFILLED' })
    const steps = childrenOf(run, spans).filter(({ name }) => name.startsWith('apply '))
    expect(steps.map(({ attributes }) => attributes['o2ims.step'])).toEqual(['check', 'workload', 'ready', 'report'])
    const children = steps.flatMap((step) => childrenOf(step, spans)).filter(({ name }) => name === 'git')
    expect(children.length).toBeGreaterThan(0)
    for (const { attributes } of children) expect(attributes).toMatchObject({ 'process.exit.code': 0 })

    // Nothing hangs in the air, but for what the client knows.
    const known = new Set([spanId, ...spans.map((span) => span.spanId)])
    expect(spans.filter(({ parentSpanId }) => !known.has(parentSpanId))).toEqual([])

    // Who is called is told which span it belongs to.
    const parents = (what: string) =>
      spans.filter(({ name }) => name === what).map((span) => `00-${traceId}-${span.spanId}-01`)
    expect(told.map(({ headers }) => headers.traceparent).sort()).toEqual(parents('notify').sort())
    const gitWasTold = readFileSync(toldToGit, 'utf8').split('\n')
    expect(gitWasTold.filter((line) => line.includes(traceId)).sort()).toEqual(parents('git').sort())
  })

  it('is the same one in the file, line by line as a receiver gets it', async () => {
    const lines = () => readFileSync(tracesFile, 'utf8').trim().split('\n')
    await eventually(() => {
      const ids = (spans: SeenSpan[]) => spans.map((span) => span.spanId).sort()
      expect(ids(lines().flatMap(spansIn))).toEqual(ids(receiver.spans()))
    })
  })

  it('goes on after the worker was killed', async () => {
    const { id, traceId } = await post((id) => demo(id, { simulation: { stepDelayMs: 1500 } }))
    const stateOf = async (step: string) => {
      const { body } = await call(`${server.url}${REQUESTS}/${id}`)
      return body.progress.steps.find(({ name }: { name: string }) => name === step)?.state
    }
    await eventually(async () => expect(await stateOf('workload')).toBe('RUNNING'))
    // Spans go out once in a second: the POST's shall be there, which the client had its answer for.
    await eventually(() => expect(ofTrace(traceId).some(({ kind }) => kind === 2)).toBe(true))
    await server.kill()
    const killed = Date.now()
    await server.start()
    expect((await toTheEnd(server.url, id)).body.status.provisioningPhase).toBe('FULFILLED')
    const spans = await traced(traceId, 1)
    const received = spans.find(({ kind }) => kind === 2)
    const run = spans.find(({ name }) => name === 'provision the request')
    expect(run).toMatchObject({ parentSpanId: received?.spanId })
    expect(run?.attributes['o2ims.epoch']).toBeGreaterThanOrEqual(killed)
    const steps = childrenOf(run, spans).flatMap(({ attributes }) => attributes['o2ims.step'] ?? [])
    expect(steps).toEqual(['workload', 'ready', 'report'])
  })

  it('tells of a failure by its code, and log lines of it name the trace, the request and the step', async () => {
    const { id, traceId } = await post((id) => demo(id, { simulation: { failAt: 'workload' } }))
    const { body } = await toTheEnd(server.url, id)
    expect(body.status.provisioningPhase).toBe('FAILED')
    const { code } = body.progress.error
    const spans = await traced(traceId, 1)
    const failed = (name: string) => spans.find((span) => span.name === name)
    for (const name of ['provision the request', 'apply kpt-package'])
      expect(failed(name)).toMatchObject({ failed: true, attributes: { 'error.type': code } })
    const lines: JsonObject[] = server
      .output()
      .split('\n')
      .filter((line) => line.includes(traceId))
      .map((line) => JSON.parse(line))
    const answered = lines.find(({ msg }) => msg === 'answered')
    expect(answered).toMatchObject({ path: REQUESTS, status: 201, span_id: failed(`POST ${REQUESTS}`)?.spanId })
    expect(answered?.requestId).toBe(failed(`POST ${REQUESTS}`)?.attributes['o2ims.request_id'])
    const told = lines.find(({ msg }) => msg === 'the request failed')
    const run = failed('provision the request')
    const reference = run?.attributes['o2ims.reference']
    expect(told).toMatchObject({ provisioningRequestId: id, reference, step: 'workload', span_id: run?.spanId })
    const { body: log } = await call(`${server.url}${REQUESTS}/${id}/logs`)
    expect(log).toContain('the request failed')
    expect(log).not.toMatch(/trace_id|span_id|reference/)
  })

  it('of a dry run leads to the worker and back', async () => {
    const { traceId, answer } = await post(demo, { query: '?dryRun=true' })
    expect(answer.status).toBe(200)
    await eventually(() => {
      const spans = ofTrace(traceId)
      const job = spans.find(({ name }) => name === 'answer a question')
      expect(
        childrenOf(
          spans.find(({ kind }) => kind === 2),
          spans,
        ),
      ).toContain(job)
      expect(childrenOf(job, spans).map(({ name }) => name)).toContain('plan kpt-package')
    })
  })

  it('holds no secret', async () => {
    const password = `secret-${randomUUID()}`
    const secret = (id: string) => requestFor(id, 'objects', { oCloud: 'sim-edge-1', namespace: id, password })
    const { traceId: planned } = await post(secret, { query: '?dryRun=true' })
    const { id, traceId } = await post(secret)
    expect((await toTheEnd(server.url, id)).body.status.provisioningPhase).toBe('FULFILLED')
    await traced(traceId, 1)
    await eventually(() => expect(ofTrace(planned).length).toBeGreaterThan(2))
    expect(receiver.text()).not.toContain(password)
  })

  it('begins here when the client sends what is no traceparent, and is not kept when the client keeps none', async () => {
    const unsampled = await post(demo, { flags: '00' })
    await toTheEnd(server.url, unsampled.id)
    for (const traceparent of ['nonsense', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'x'.repeat(4000)]) {
      const id = randomUUID()
      expect((await call(`${server.url}${REQUESTS}/${id}`, 'GET', undefined, { traceparent })).status).toBe(404)
    }
    const lost = () => receiver.spans().filter(({ attributes }) => attributes['http.response.status_code'] === 404)
    await eventually(() => expect(lost()).toHaveLength(3))
    for (const { parentSpanId, traceId } of lost()) {
      expect(parentSpanId).toBe('')
      expect(traceId).toMatch(/[1-9a-f]/)
    }
    expect(ofTrace(unsampled.traceId)).toEqual([])
  })
})
