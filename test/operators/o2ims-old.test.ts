import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { behaviourAnnotation } from '../../src/operators/behaviour.ts'
import { eventually } from '../harness/eventually.ts'
import {
  type OperatorWorld,
  operatorWorld,
  provisioningRequest,
  readRequest,
  recordStates,
  untilState,
} from './world.ts'

describe('the old o2ims-operator, played', () => {
  let world: OperatorWorld
  beforeAll(async () => {
    world = await operatorWorld()
  })
  afterAll(() => world.stop())

  const quick = { pollMs: 20 }

  test('tells of its progress and ends with two ids', async () => {
    const { edge } = world
    const recorder = recordStates(edge, 'plain')
    await edge.apply(provisioningRequest('plain'))
    const { status } = await untilState(edge, 'plain', 'fulfilled')
    expect(status).toMatchObject({
      provisioningStatus: {
        provisioningMessage: 'Cluster resource created',
        provisioningUpdateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
      provisionedResourceSet: {
        oCloudNodeClusterId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        oCloudInfrastructureResourceIds: [expect.stringMatching(/^[0-9a-f-]{36}$/)],
      },
    })
    await eventually(() =>
      expect(recorder.states).toEqual([
        'progressing: Provisioning request validation done',
        'progressing: Cluster instance rendering completed',
        'fulfilled: Cluster resource created',
      ]),
    )
    recorder.stop()
  })

  test('leaves kopf annotations behind, and the generation as it is', async () => {
    const { edge } = world
    await edge.apply(
      provisioningRequest('noted', { annotations: behaviourAnnotation({ behaviour: 'normal', ...quick }) }),
    )
    await eventually(async () => {
      const found = await readRequest(edge, 'noted')
      expect(Object.keys(found?.metadata.annotations ?? {})).toContain(
        'provisioningrequests.o2ims.provisioning.oran.org/last-handled-configuration',
      )
      expect(found?.metadata.generation).toBe(1)
      expect(found?.metadata.finalizers).toBeUndefined()
    })
  })

  test('fails at once without a clusterName', async () => {
    const { edge } = world
    await edge.apply(provisioningRequest('nameless', { spec: { templateParameters: {} } }))
    const { status } = await untilState(edge, 'nameless', 'failed')
    expect(status).toMatchObject({
      provisioningStatus: {
        provisioningMessage:
          'Provisioning request validation failed; reason: clusterName is missing in template parameters',
      },
    })
  })

  test.each([
    ['missing-cluster-name', /clusterName is missing/],
    ['timeout-text', /^Cluster resource creation failed reached timeout$/],
    ['failed', /\(simulated\)$/],
  ] as const)('fails in the words that "%s" asks for', async (behaviour, words) => {
    const { edge } = world
    await edge.apply(provisioningRequest(behaviour, { annotations: behaviourAnnotation({ behaviour, ...quick }) }))
    const { status } = await untilState(edge, behaviour, 'failed')
    expect(status).toMatchObject({ provisioningStatus: { provisioningMessage: expect.stringMatching(words) } })
  })

  test('takes a behaviour by its bare name, and fails on one that it does not know', async () => {
    const { edge } = world
    const annotations = { 'o2ims.simulated/behaviour': 'timeout-text' }
    await edge.apply(provisioningRequest('bare', { annotations }))
    await edge.apply(provisioningRequest('unknown', { annotations: { 'o2ims.simulated/behaviour': 'explode' } }))
    await untilState(edge, 'bare', 'failed')
    const { status } = await untilState(edge, 'unknown', 'failed')
    expect(status).toMatchObject({ provisioningStatus: { provisioningMessage: expect.stringContaining('annotation') } })
  })

  test('falls silent for ever: the error stands in an annotation, and no status is ever written', async () => {
    const { edge } = world
    await edge.apply(
      provisioningRequest('mute', { annotations: behaviourAnnotation({ behaviour: 'silent', ...quick }) }),
    )
    await eventually(async () => {
      const found = await readRequest(edge, 'mute')
      const note = 'provisioningrequests.o2ims.provisioning.oran.org/create_fn'
      expect(found?.metadata.annotations?.[note]).toContain('PermanentError')
    })
    expect((await readRequest(edge, 'mute'))?.status).toBeUndefined()
  })

  test('goes back from fulfilled to progressing after a restart, and ends with other ids', async () => {
    const { edge } = world
    const recorder = recordStates(edge, 'again')
    await edge.apply(
      provisioningRequest('again', { annotations: behaviourAnnotation({ behaviour: 'restart', pollMs: 150 }) }),
    )
    const first = await untilState(edge, 'again', 'fulfilled')
    await untilState(edge, 'again', 'progressing')
    const second = await untilState(edge, 'again', 'fulfilled')
    expect(recorder.states.map((told) => told.split(':')[0])).toEqual([
      'progressing',
      'progressing',
      'fulfilled',
      'progressing',
      'progressing',
      'fulfilled',
    ])
    expect(second.status?.provisionedResourceSet).not.toEqual(first.status?.provisionedResourceSet)
    recorder.stop()
  })

  test('takes ten times as long when it shall be slow', async () => {
    const { edge } = world
    const begun = performance.now()
    await edge.apply(provisioningRequest('slow', { annotations: behaviourAnnotation({ behaviour: 'slow', ...quick }) }))
    await untilState(edge, 'slow', 'fulfilled')
    expect(performance.now() - begun).toBeGreaterThan(2 * 10 * quick.pollMs)
  })

  test('holds nothing: a request that is deleted is gone at once', async () => {
    const { edge } = world
    await edge.apply(provisioningRequest('gone', { annotations: behaviourAnnotation({ behaviour: 'slow' }) }))
    await untilState(edge, 'gone', 'progressing')
    await edge.delete({ apiVersion: 'o2ims.provisioning.oran.org/v1alpha1', kind: 'ProvisioningRequest', name: 'gone' })
    expect(await readRequest(edge, 'gone')).toBeUndefined()
  })
})
