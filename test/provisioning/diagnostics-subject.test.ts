import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diagnose } from '../../src/diagnostics/diagnose.ts'
import { subjectOf } from '../../src/provisioning/diagnostics-subject.ts'
import { needs } from '../harness/needs.ts'
import { type FlowWorld, flowWorld } from './steps/flow-world.ts'

describe('what a diagnosis looks at', needs('redis'), () => {
  let world: FlowWorld
  beforeAll(async () => {
    world = await flowWorld()
  })
  afterAll(() => world.stop())

  test('is the log of FoCoM too, in the namespace that the request gives it', async () => {
    const parameters = { smo: 'sim-smo', edge: 'sim-edge', namespace: 'ran-1', focomNamespace: 'my-focom' }
    const record = await world.provision('elsewhere', 'edge-5g', parameters)
    expect(record.phase, record.message).toBe('FULFILLED')
    const { oClouds } = world
    const { targets } = await diagnose(subjectOf(record), {
      limitMs: 10_000,
      signal: new AbortController().signal,
      redact: (text) => text,
      ports: {
        open: (oCloudId) => oClouds.open(oCloudId),
        status: (oCloudId) => oClouds.status(oCloudId),
        describe: async (oCloudId) => (await oClouds.get(oCloudId)).value.name,
        lifecycle: () => ({}),
      },
      clock: () => new Date(),
    })
    const smo = targets.find(({ name }) => name === 'sim-smo')
    expect(smo?.operatorLogs).toEqual([
      expect.objectContaining({ namespace: 'my-focom', pod: expect.stringMatching(/^focom/), phase: 'Running' }),
    ])
    await world.remove('elsewhere')
  })
})
