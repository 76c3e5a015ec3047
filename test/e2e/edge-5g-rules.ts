import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Cluster } from '../../src/clusters/cluster.ts'
import { createSimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import { PROVISIONING_REQUEST } from '../../src/operators/kinds.ts'
import type { Store } from '../../src/store/store.ts'
import { call, follow, type SeenEvent, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { silentLog } from '../harness/redis.ts'
import { SAMPLES } from '../harness/samples.ts'
import { requestFor } from '../harness/templates.ts'

export interface Edge5gWorld {
  /** Of an API. */
  url(): string
  store(): Store
  /** Within what time a follower sees a word of the O-Cloud, in milliseconds. */
  seenWithin: number
}

/** The main job on simulated O-Clouds, wherever the service keeps its data. */
export function edge5gRules({ url, store, seenWithin }: Edge5gWorld): void {
  const requests = () => `${url()}/o2ims/v1/provisioningRequests`

  /** A simulated O-Cloud of the service, by its name. */
  async function oCloud(name: string): Promise<Cluster> {
    const { body } = await call(`${url()}/o2ims/v1/ocloud`)
    const found = body.find((one: { name: string }) => one.name === name)
    return createSimulatedClusters({ store: store(), log: silentLog() }).open(found.oCloudId)
  }

  it.each(['edge-5g', 'edge-5g-kind', 'nephio-workload-cluster'])(
    'F1: the sample request %s is FULFILLED at once, and DELETE leaves nothing',
    async (file) => {
      const body = parse(readFileSync(join(SAMPLES, 'requests', `${file}.yaml`), 'utf8'))
      const id = body.provisioningRequestId
      expect((await call(requests(), 'POST', body)).status).toBe(201)
      const { body: done } = await toTheEnd(url(), id, 20_000)
      expect(done.status.provisioningPhase, done.status.message).toBe('FULFILLED')
      expect(done.progress.simulated).toBe(true)
      const { body: report } = await call(`${requests()}/${id}/report`, 'GET', undefined, {
        accept: 'application/json',
      })
      const ids = (list: { oCloudId: string }[]) => list.map(({ oCloudId }) => oCloudId).toSorted()
      expect(ids(report.access)).toEqual(ids(report.observed.oClouds))
      expect((await call(`${requests()}/${id}`, 'DELETE')).status).toBe(202)
      await toTheEnd(url(), id, 20_000)
      expect((await call(`${requests()}/${id}`)).status).toBe(404)
    },
  )

  it('F3: a follower sees each word of the O-Cloud at once, although FoCoM looks every 30 s', async () => {
    const simulation = { operator: { behaviour: 'silent', pollMs: 30_000 } }
    const body = requestFor(
      'seen',
      'edge-5g',
      { smo: 'sim-smo', edge: 'sim-edge', namespace: 'ran-seen' },
      { simulation },
    )
    const posted = await call(requests(), 'POST', body)
    expect(posted.status, JSON.stringify(posted.body)).toBe(201)
    const seen: SeenEvent[] = []
    const ended = follow(`${requests()}/seen/events`, AbortSignal.timeout(30_000), (event) => seen.push(event))
    const edge = await oCloud('sim-edge')
    const messages = () =>
      seen.filter(({ event }) => event === 'step').map(({ data, at }) => ({ text: data.message, at }))
    await eventually(() => expect(messages().at(-1)?.text).toMatch(/the o2ims-operator wrote no status/), 10_000)
    for (const [state, message] of [
      ['progressing', 'first word'],
      ['progressing', 'second word'],
      ['fulfilled', 'last word'],
    ] as const) {
      const [request] = await edge.list(PROVISIONING_REQUEST)
      if (request === undefined) throw new Error('there is no request on the O-Cloud')
      const provisioningUpdateTime = '2026-01-31T14:52:21Z'
      const provisioningStatus = { provisioningState: state, provisioningMessage: message, provisioningUpdateTime }
      const written = performance.now()
      await edge.updateStatus({ ...request, ...PROVISIONING_REQUEST, status: { provisioningStatus } })
      await eventually(() => expect(messages().some(({ text }) => text.includes(message))).toBe(true))
      const at = messages().find(({ text }) => text.includes(message))?.at ?? Number.POSITIVE_INFINITY
      expect(at - written, message).toBeLessThan(seenWithin)
    }
    await ended
    const { body: done } = await call(`${requests()}/seen`)
    expect(done.status.provisioningPhase).toBe('FULFILLED')
    const request = done.progress.steps.find((step: { name: string }) => step.name === 'request')
    expect(request.message).toMatch(/last word \(FoCoM says provisioning/)
    expect(request.objects).toContainEqual({
      apiVersion: 'o2ims.provisioning.oran.org/v1alpha1',
      kind: 'ProvisioningRequest',
      name: expect.stringContaining('request-'),
      oCloudId: edge.oCloudId,
      action: 'created',
    })
  })

  it('F9: a dry run says what would be made on both O-Clouds, and makes nothing', async () => {
    const body = requestFor('dry', 'edge-5g', {
      smo: 'sim-smo',
      edge: 'sim-edge',
      namespace: 'ran-dry',
      operator: 'external',
    })
    const { status, body: plan } = await call(`${requests()}?dryRun=true`, 'POST', body)
    expect(status, JSON.stringify(plan)).toBe(200)
    const changes = (name: string) =>
      plan.steps
        .find((step: { name: string }) => step.name === name)
        .changes.map(({ action, object }: { action: string; object: { kind: string } }) => `${action} ${object.kind}`)
    expect(changes('request')).toEqual([
      'create OCloud',
      'create FocomProvisioningRequest',
      'none TemplateInfo',
      'create ProvisioningRequest',
    ])
    expect(changes('secret')).toEqual(['none Namespace', 'create Secret'])
    expect((await call(`${requests()}/dry`)).status).toBe(404)
  })

  it('what an operator failed is told in its words, and no other cause is made up', async () => {
    const simulation = { operator: { behaviour: 'failed' } }
    const where = { smo: 'sim-smo', edge: 'sim-edge', namespace: 'ran-told' }
    expect((await call(requests(), 'POST', requestFor('told', 'edge-5g', where, { simulation }))).status).toBe(201)
    const { body } = await toTheEnd(url(), 'told')
    expect(body.progress.error).toMatchObject({ code: 'PROVISIONING_FAILED', step: 'request' })
    expect(body.status.message).toContain('Cluster resource creation failed')
    expect(body.status.message).not.toContain('CustomResourceDefinition')
    const { body: diagnostics } = await call(`${requests()}/told/diagnostics`)
    expect(diagnostics.causes.join()).toContain('Cluster resource creation failed')
    expect(diagnostics.causes.join()).not.toContain('CustomResourceDefinition')
  })

  it.each([
    ['simulation.operator.behaviour', { simulation: { operator: { behaviour: 'lazy' } } }],
    ['simulation.operator.pollMs', { simulation: { operator: { pollMs: 1 } } }],
  ])('a bad %s is refused by name', async (field, options) => {
    const body = requestFor('bad', 'edge-5g', { smo: 'sim-smo', edge: 'sim-edge' }, options)
    const { status, body: problem } = await call(requests(), 'POST', body)
    expect(status).toBe(400)
    expect(problem.errors[0].pointer).toBe(`/options/${field.replaceAll('.', '/')}`)
  })
}
