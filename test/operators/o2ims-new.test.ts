import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BehaviourName, behaviourAnnotation } from '../../src/operators/behaviour.ts'
import { eventually } from '../harness/eventually.ts'
import {
  type OperatorWorld,
  operatorWorld,
  provisioningRequest,
  readRequest,
  recordStates,
  untilState,
} from './world.ts'

describe('the new o2ims-operator, played', () => {
  let world: OperatorWorld
  beforeAll(async () => {
    world = await operatorWorld()
  })
  afterAll(() => world.stop())

  const asked = (behaviour: BehaviourName) => behaviourAnnotation({ behaviour, pollMs: 30, generation: 'new' })

  test('goes by one look a pass, and names what it made by a uid', async () => {
    const { edge } = world
    const recorder = recordStates(edge, 'plain')
    await edge.apply(provisioningRequest('plain', { annotations: asked('normal') }))
    const { metadata, status } = await untilState(edge, 'plain', 'fulfilled')
    expect(status?.provisionedResourceSet).toMatchObject({ oCloudNodeClusterId: metadata.uid })
    await eventually(() =>
      expect(recorder.states).toEqual([
        'progressing: Cluster instance rendering ongoing',
        'fulfilled: Cluster resource created',
      ]),
    )
    recorder.stop()
  })

  test.each([
    ['missing-cluster-name', /clusterName is missing/],
    ['timeout-text', /reached timeout$/],
    ['failed', /\(simulated\)$/],
  ] as const)('tells in the status why it gives up: %s', async (behaviour, words) => {
    const { edge } = world
    await edge.apply(provisioningRequest(behaviour, { annotations: asked(behaviour) }))
    const { status } = await untilState(edge, behaviour, 'failed')
    expect(status).toMatchObject({ provisioningStatus: { provisioningMessage: expect.stringMatching(words) } })
  })

  test('is silent when asked to', async () => {
    const { edge } = world
    await edge.apply(provisioningRequest('mute', { annotations: asked('silent') }))
    await eventually(async () => {
      expect(JSON.stringify((await readRequest(edge, 'mute'))?.metadata.annotations)).toContain('PermanentError')
    })
    expect((await readRequest(edge, 'mute'))?.status).toBeUndefined()
  })
})
