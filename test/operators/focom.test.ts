import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringAt } from '../../src/clusters/fields.ts'
import { behaviourAnnotation } from '../../src/operators/behaviour.ts'
import { FOCOM_REQUEST, O_CLOUD, SECRET } from '../../src/operators/kinds.ts'
import { simulatedKubeconfig } from '../../src/operators/simulated-kubeconfig.ts'
import { eventually } from '../harness/eventually.ts'
import {
  focomRequest,
  introduce,
  NAMESPACE,
  type OperatorWorld,
  operatorWorld,
  provisioningRequest,
  readFocomRequest,
  readRequest,
  untilPhase,
  untilState,
} from './world.ts'

const FINALIZER = 'focom.nephio.org/finalizer'

describe('FoCoM, played', () => {
  let world: OperatorWorld
  beforeAll(async () => {
    world = await operatorWorld()
    await introduce(world.smo, 'edge')
  })
  afterAll(() => world.stop())

  const quick = behaviourAnnotation({ behaviour: 'normal', pollMs: 30 })
  const forget = (name: string) => world.smo.delete({ ...FOCOM_REQUEST, namespace: NAMESPACE, name })

  test('makes the remote request, and ends with the capital letters that the true one writes', async () => {
    const { smo, edge } = world
    await smo.apply(focomRequest('plain', { annotations: quick, spec: { description: 'first' } }))
    const { metadata, status } = await untilPhase(smo, 'plain', 'Fulfilled')
    expect(metadata.finalizers).toEqual([FINALIZER])
    expect(status).toMatchObject({
      message: 'Cluster resource created',
      remoteName: 'plain',
      lastUpdated: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    })
    expect(Object.keys(status ?? {})).not.toContain('provisionedResourceSet')
    expect((await readRequest(edge, 'plain'))?.spec).toEqual({
      name: 'edge 1',
      description: 'first',
      templateName: 'nephio-workload-cluster',
      templateVersion: 'main',
      templateParameters: { clusterName: 'c-plain', labels: { site: 'edge' } },
    })
  })

  test('passes through "provisioning" and "progressing" in small letters', async () => {
    const { smo } = world
    const phases: string[] = []
    const ended = new AbortController()
    const following = (async () => {
      for await (const event of smo.watch(FOCOM_REQUEST, { namespace: NAMESPACE, name: 'stages' }, ended.signal)) {
        if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue
        const phase = stringAt(event.object, 'status', 'phase')
        if (phase !== undefined && phases.at(-1) !== phase) phases.push(phase)
        if (phase === 'Fulfilled') return
      }
    })()
    await smo.apply(focomRequest('stages', { annotations: behaviourAnnotation({ behaviour: 'normal', pollMs: 100 }) }))
    await following
    ended.abort()
    expect(phases).toEqual(['provisioning', 'progressing', 'Fulfilled'])
  })

  test('stays with "Fulfilled" when the operator at the other end goes back', async () => {
    const { smo, edge } = world
    await smo.apply(focomRequest('back', { annotations: behaviourAnnotation({ behaviour: 'restart', pollMs: 200 }) }))
    const told = await untilPhase(smo, 'back', 'Fulfilled')
    await untilState(edge, 'back', 'progressing')
    // It looks once more after its verdict, and may say the same again a second later.
    const { lastUpdated: _, ...verdict } = told.status ?? {}
    expect((await readFocomRequest(smo, 'back'))?.status).toMatchObject(verdict)
  })

  test('says "Failed" in capitals for what failed at the other end', async () => {
    const { smo } = world
    await smo.apply(focomRequest('south', { annotations: quick, spec: { templateParameters: {} } }))
    const { status } = await untilPhase(smo, 'south', 'Failed')
    expect(status?.message).toContain('clusterName is missing')
  })

  test('passes no later change on', async () => {
    const { smo, edge } = world
    await smo.apply(focomRequest('changed', { annotations: quick }))
    await untilPhase(smo, 'changed', 'Fulfilled')
    await smo.apply(focomRequest('changed', { annotations: quick, spec: { description: 'another' } }))
    // Long enough for it to have looked.
    await smo.apply(focomRequest('later', { annotations: quick }))
    await untilPhase(smo, 'later', 'Fulfilled')
    expect((await readRequest(edge, 'changed'))?.spec?.description).toBe('')
  })

  test('waits for ever when the other end is silent, and writes the time of each look', async () => {
    const { smo } = world
    await smo.apply(focomRequest('mute', { annotations: behaviourAnnotation({ behaviour: 'silent', pollMs: 30 }) }))
    await eventually(async () => {
      expect((await readFocomRequest(smo, 'mute'))?.status).toMatchObject({
        phase: 'provisioning',
        message: 'Remote CR has no status yet',
      })
    })
    const first = (await readFocomRequest(smo, 'mute'))?.status?.lastUpdated
    await eventually(async () => {
      const { lastUpdated, phase } = (await readFocomRequest(smo, 'mute'))?.status ?? {}
      expect(lastUpdated).not.toBe(first)
      expect(phase).toBe('provisioning')
    })
  })

  test('writes phases in yet another case when asked to', async () => {
    const { smo } = world
    const annotations = behaviourAnnotation({ behaviour: 'wrong-case', pollMs: 30 })
    await smo.apply(focomRequest('shouting', { annotations }))
    await untilPhase(smo, 'shouting', 'fULFILLED')
  })

  test.each([
    ['a template that is not there', { templateVersion: 'v9' }, 'TemplateInfo "nephio-workload-cluster-v9" not found'],
    ['an OCloud that is not there', { oCloudId: 'nowhere' }, 'OCloud nowhere not found in namespace default'],
  ])('fails for ever over %s', async (what, spec, message) => {
    const { smo } = world
    const name = what.replaceAll(' ', '-').toLowerCase()
    await smo.apply(focomRequest(name, { annotations: quick, spec }))
    expect((await untilPhase(smo, name, 'failed')).status).toMatchObject({ message })
  })

  test('fails over a Secret without a kubeconfig, and is not healed by a later one', async () => {
    const { smo } = world
    const secretRef = { name: 'late-ims', namespace: NAMESPACE }
    await smo.apply({
      ...O_CLOUD,
      metadata: { name: 'late', namespace: NAMESPACE },
      spec: { o2imsSecret: { secretRef } },
    })
    await smo.apply({ ...SECRET, metadata: secretRef, stringData: { other: 'x' } })
    await smo.apply(focomRequest('keyless', { annotations: quick, spec: { oCloudId: 'late' } }))
    const { status } = await untilPhase(smo, 'keyless', 'failed')
    expect(status).toMatchObject({ message: "secret default/late-ims missing 'kubeconfig' key" })
    await introduce(smo, 'late')
    await smo.apply(focomRequest('after', { annotations: quick, spec: { oCloudId: 'late' } }))
    await untilPhase(smo, 'after', 'Fulfilled')
    expect((await readFocomRequest(smo, 'keyless'))?.status).toEqual(status)
  })

  test('fails for ever where the definition of ProvisioningRequest is missing', async () => {
    const { smo, clusters } = world
    await clusters.initialise('bare')
    await introduce(smo, 'bare', simulatedKubeconfig('bare'))
    await smo.apply(focomRequest('undefined', { annotations: quick, spec: { oCloudId: 'bare' } }))
    const { status } = await untilPhase(smo, 'undefined', 'failed')
    expect(status?.message).toMatch(/^unable to retrieve the complete list of server APIs: .* no matches for/)
  })

  test('adopts no remote request that is there already', async () => {
    const { smo, edge } = world
    await edge.apply(provisioningRequest('taken'))
    await smo.apply(focomRequest('taken', { annotations: quick }))
    const { status } = await untilPhase(smo, 'taken', 'failed')
    expect(status).toMatchObject({ message: expect.stringContaining('already exists') })
    expect(status?.remoteName).toBeUndefined()
  })

  test('deletes the remote request with its own, and then lets go', async () => {
    const { smo, edge } = world
    await smo.apply(focomRequest('leaves', { annotations: quick }))
    await untilPhase(smo, 'leaves', 'Fulfilled')
    await forget('leaves')
    await eventually(async () => {
      expect(await readFocomRequest(smo, 'leaves')).toBeUndefined()
      expect(await readRequest(edge, 'leaves')).toBeUndefined()
    })
  })

  test('holds a request whose OCloud went first, until that is back', async () => {
    const { smo } = world
    await introduce(smo, 'short')
    await smo.apply(focomRequest('held', { annotations: quick, spec: { oCloudId: 'short' } }))
    await untilPhase(smo, 'held', 'Fulfilled')
    await smo.delete({ ...O_CLOUD, namespace: NAMESPACE, name: 'short' })
    await forget('held')
    // Long enough for it to have tried.
    await smo.apply(focomRequest('meanwhile', { annotations: quick }))
    await untilPhase(smo, 'meanwhile', 'Fulfilled')
    expect((await readFocomRequest(smo, 'held'))?.metadata.finalizers).toEqual([FINALIZER])
    await introduce(smo, 'short')
    await eventually(async () => expect(await readFocomRequest(smo, 'held')).toBeUndefined())
  })

  test('takes an outage for the end when asked to, although the remote request is fulfilled', async () => {
    const { smo, edge } = world
    const annotations = behaviourAnnotation({ behaviour: 'outage-failed-for-ever', pollMs: 30 })
    await smo.apply(focomRequest('outage', { annotations }))
    const { status } = await untilPhase(smo, 'outage', 'failed')
    expect(status?.message).toMatch(/^poll error: .*\(simulated\)$/)
    await untilState(edge, 'outage', 'fulfilled')
    expect((await readFocomRequest(smo, 'outage'))?.status).toEqual(status)
  })

  test('takes a true outage for the end: the cluster is gone at the first look', async () => {
    const { smo, clusters } = world
    await introduce(smo, 'void', simulatedKubeconfig('void'))
    await smo.apply(focomRequest('unreachable', { annotations: quick, spec: { oCloudId: 'void' } }))
    const { status } = await untilPhase(smo, 'unreachable', 'failed')
    await clusters.initialise('void')
    expect(status?.message).toMatch(/^failed to create remote cluster: /)
    expect((await readFocomRequest(smo, 'unreachable'))?.status).toEqual(status)
  })

  test('reaches simulated O-Clouds only, and repeats nothing of a kubeconfig that it cannot use', async () => {
    const { smo } = world
    const real = 'clusters: [{name: a, cluster: {server: "https://10.0.0.1"}}]\nusers: [{user: {token: hidden-token}}]'
    await introduce(smo, 'real', real)
    await introduce(smo, 'broken', 'clusters: [hidden-token')
    for (const oCloudId of ['real', 'broken']) {
      await smo.apply(focomRequest(`to-${oCloudId}`, { annotations: quick, spec: { oCloudId } }))
      const { status } = await untilPhase(smo, `to-${oCloudId}`, 'failed')
      expect(status?.message).toMatch(/^failed to parse kubeconfig from secret default\//)
      expect(status?.message).not.toContain('hidden-token')
    }
  })
})
