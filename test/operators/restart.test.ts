import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { behaviourAnnotation } from '../../src/operators/behaviour.ts'
import { type OperatorsProfile, SIMULATED } from '../../src/operators/profile.ts'
import { startOperators } from '../../src/operators/start.ts'
import { eventually } from '../harness/eventually.ts'
import { silentLog } from '../harness/redis.ts'
import { type OperatorWorld, operatorWorld, provisioningRequest, readRequest, untilState } from './world.ts'

const QUICK: OperatorsProfile = { ...SIMULATED, o2ims: { ...own(), stepMs: 150, observeMs: 20 } }

function own() {
  if (SIMULATED.o2ims === undefined) throw new Error('the o2ims-operator is played in simulated O-Clouds')
  return SIMULATED.o2ims
}

describe('an o2ims-operator that is started anew', () => {
  let world: OperatorWorld
  beforeAll(async () => {
    world = await operatorWorld({ played: false })
  })
  afterAll(() => world.stop())

  /** Plays on the edge until the answer is called. */
  function play(profile: OperatorsProfile): () => void {
    const stop = new AbortController()
    const open = (manager: string) => world.clusters.open('edge', manager)
    const openRemote = () => world.edge
    startOperators({ open, openRemote, profile, signal: stop.signal, log: silentLog() })
    return () => stop.abort()
  }

  const asked = (generation: 'old' | 'new') => behaviourAnnotation({ behaviour: 'normal', generation })

  test('of the old generation does everything again, of the new one leaves alone what is fulfilled', async () => {
    const { edge } = world
    let stop = play(QUICK)
    try {
      await edge.apply(provisioningRequest('old', { annotations: asked('old') }))
      await edge.apply(provisioningRequest('new', { annotations: asked('new') }))
      const old = await untilState(edge, 'old', 'fulfilled')
      const young = await untilState(edge, 'new', 'fulfilled')
      stop()
      stop = play(QUICK)
      await untilState(edge, 'old', 'progressing')
      const again = await untilState(edge, 'old', 'fulfilled')
      expect(again.status?.provisionedResourceSet).not.toEqual(old.status?.provisionedResourceSet)
      expect((await readRequest(edge, 'new'))?.status).toEqual(young.status)
    } finally {
      stop()
    }
  })

  test('takes up a request that was made while it was away', async () => {
    const { edge } = world
    await edge.apply(provisioningRequest('early', { annotations: asked('old') }))
    const stop = play(QUICK)
    try {
      await untilState(edge, 'early', 'fulfilled')
    } finally {
      stop()
    }
  })

  test('that needs Porch and finds none is silent for ever (old), or says so (new)', async () => {
    const { edge } = world
    const stop = play({ ...QUICK, o2ims: { ...own(), packages: 'required' } })
    try {
      await edge.apply(provisioningRequest('needs-old', { annotations: asked('old') }))
      await edge.apply(provisioningRequest('needs-new', { annotations: asked('new') }))
      await untilState(edge, 'needs-new', 'failed')
      await eventually(async () => {
        expect(JSON.stringify((await readRequest(edge, 'needs-old'))?.metadata.annotations)).toContain('notFound')
      })
      expect((await readRequest(edge, 'needs-old'))?.status).toBeUndefined()
    } finally {
      stop()
    }
  })

  test('hears no annotation unless its profile says so', async () => {
    const { edge } = world
    const stop = play({ ...QUICK, annotations: false })
    try {
      const annotations = behaviourAnnotation({ behaviour: 'failed' })
      await edge.apply(provisioningRequest('deaf', { annotations }))
      await untilState(edge, 'deaf', 'fulfilled')
    } finally {
      stop()
    }
  })
})
