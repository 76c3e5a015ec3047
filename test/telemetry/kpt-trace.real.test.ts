import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'
import { CONFIG_MAP, KPTFILE } from '../packages/git-server.ts'
import { childrenOf, clientSpan, type OtlpReceiver, type SeenSpan, startOtlpReceiver } from './otlp-receiver.ts'

const REQUESTS = '/o2ims/v1/provisioningRequests'
const ID = 'traced'

describe('the trace of a request on a real API server with true kpt', needs('redis', 'control-plane', 'kpt'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-kpt-trace-'))
  const toldToKpt = join(folder, 'told-to-kpt')
  const client = clientSpan()
  let receiver: OtlpReceiver
  let subscriber: HttpPeer
  let plane: ControlPlane
  let server: TestServer
  let spans: SeenSpan[]

  beforeAll(async () => {
    const files = { 'packages/demo/Kptfile': KPTFILE('demo'), 'packages/demo/a.yaml': CONFIG_MAP('demo') }
    // Before the true kpt: notes which span it was told to belong to.
    const kpt = `#!/bin/sh\necho "$TRACEPARENT" >> ${toldToKpt}\nPATH=\${PATH#*:} exec kpt "$@"\n`
    for (const path of ['packages/demo', 'bin']) mkdirSync(join(folder, path), { recursive: true })
    for (const [path, text] of Object.entries({ ...files, 'bin/kpt': kpt }))
      writeFileSync(join(folder, path), text, { mode: 0o755 })
    ;[receiver, subscriber, plane] = await Promise.all([startOtlpReceiver(), startPeer(), startControlPlane()])
    server = await startServer({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        PACKAGE_ROOT: join(folder, 'packages'),
        CALLBACK_ALLOW_HTTP: 'true',
        CALLBACK_ALLOW_ADDRESSES: '127.0.0.1',
        PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      },
    })
    const post = (path: string, body: JsonObject, headers = {}) => call(`${server.url}${path}`, 'POST', body, headers)
    await post('/o2ims/v1/ocloud', { name: 'edge', kubeconfig: plane.kubeconfig })
    await post('/o2ims/v1/subscriptions', { api: 'provisioning', callback: subscriber.url })
    const body = requestFor(ID, 'kpt-workload', { oCloud: 'edge', package: 'demo', namespace: ID })
    expect((await post(REQUESTS, body, client.headers)).status).toBe(201)
    const ended = await toTheEnd(server.url, ID)
    expect(ended.body.status, JSON.stringify(ended.body)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect((await plane.client.call('GET', `/api/v1/namespaces/${ID}/configmaps/demo`)).status).toBe(200)

    await eventually(() => expect(subscriber.requests.at(-1)?.body).toContain('FULFILLED'))
    await eventually(() => {
      spans = receiver.spans().filter(({ traceId }) => traceId === client.traceId)
      expect(named('provision the request')).toHaveLength(1)
      expect(named('notify')).toHaveLength(subscriber.requests.length)
    })
  })
  afterAll(async () => {
    await server?.dispose()
    await Promise.all([receiver?.close(), subscriber?.close(), plane?.stop()])
    rmSync(folder, { recursive: true, force: true })
  })

  const named = (name: string) => spans.filter((span) => span.name === name)
  /** The one span of that name, which hangs where it should. */
  function only(name: string, parentSpanId: string): SeenSpan {
    const [span, ...others] = named(name)
    if (span === undefined || others.length > 0) throw new Error(`${named(name).length} spans are called ${name}`)
    expect(span.parentSpanId, name).toBe(parentSpanId)
    return span
  }
  const traceparents = (name: string) => named(name).map(({ spanId }) => `00-${client.traceId}-${spanId}-01`)

  it('leads from the POST to the job, to its steps, to kpt, and to what the subscriber is told', () => {
    const received = only(`POST ${REQUESTS}`, client.spanId)
    const run = only('provision the request', received.spanId)
    const steps = ['preflight', 'kpt-package', 'await', 'report'].map((uses) => only(`apply ${uses}`, run.spanId))
    const commandsOf = (step: SeenSpan | undefined) =>
      childrenOf(step, spans).flatMap(({ name, attributes }) => (name === 'kpt' ? [attributes['o2ims.command']] : []))
    expect(commandsOf(steps[0])).toEqual(['kpt version'])
    expect(commandsOf(steps[1])).toEqual([expect.stringMatching(/^kpt live apply/)])
    for (const { attributes } of named('kpt')) expect(attributes).toMatchObject({ 'process.exit.code': 0 })

    // A notification belongs to what made the change: the POST, a step, or the end of the run.
    const makers = new Set([received, run, ...steps].map(({ spanId }) => spanId))
    for (const { parentSpanId } of named('notify')) expect(makers).toContain(parentSpanId)
    const last = subscriber.requests.at(-1)?.headers.traceparent
    const [end] = named('notify').filter(({ spanId }) => last?.includes(spanId))
    expect(end?.parentSpanId).toBe(run.spanId)
    // Nothing is left over that hangs elsewhere.
    const known = new Set([client.spanId, ...spans.map(({ spanId }) => spanId)])
    expect(spans.filter(({ parentSpanId }) => !known.has(parentSpanId))).toEqual([])
  })

  it('is known to kpt and to the subscriber, each by the span that it belongs to', () => {
    const kptWasTold = readFileSync(toldToKpt, 'utf8').split('\n')
    const ofTrace = kptWasTold.filter((line) => line.includes(client.traceId))
    expect(ofTrace.sort()).toEqual(traceparents('kpt').sort())
    const told = subscriber.requests.map(({ headers }) => headers.traceparent)
    expect(told.sort()).toEqual(traceparents('notify').sort())
  })
})
