import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { BEHAVIOURS, behaviourAnnotation, behaviourOf } from '../../src/operators/behaviour.ts'
import { inWrongCase, toldOf } from '../../src/operators/focom/phases.ts'
import { focomProfileFor, o2imsProfileFor, SIMULATED, UPSTREAM } from '../../src/operators/profile.ts'
import { simulatedKubeconfig, simulatedTarget } from '../../src/operators/simulated-kubeconfig.ts'
import { focomRequest, provisioningRequest } from './world.ts'

describe('the phases of FoCoM', () => {
  const remote = (status: JsonObject) => ({ ...provisioningRequest('x'), status })
  const told = (state: string) =>
    toldOf(remote({ provisioningStatus: { provisioningState: state, provisioningMessage: 'm' } }))

  test.each([
    ['progressing', { phase: 'progressing', message: 'm', ended: false }],
    ['deleting', { phase: 'deleting', message: 'm', ended: false }],
    ['fulfilled', { phase: 'Fulfilled', message: 'm', ended: true }],
    ['failed', { phase: 'Failed', message: 'm', ended: true }],
    ['pending', { phase: 'provisioning', message: 'Unknown remote state: pending', ended: false }],
  ])('%s', (state, expected) => {
    expect(told(state)).toEqual(expected)
  })

  test('a remote request without a status is waited for, one that is gone is a failure', () => {
    expect(toldOf(remote({}))).toEqual({ phase: 'provisioning', message: 'Remote CR has no status yet', ended: false })
    expect(toldOf(undefined)).toEqual({ phase: 'failed', message: 'Remote resource not found', ended: true })
  })

  test('in the wrong case it is another text, but the same word', () => {
    for (const state of ['progressing', 'fulfilled', 'failed', '']) {
      const right = told(state)
      const wrong = inWrongCase(right)
      expect(wrong.phase).not.toBe(right.phase)
      expect(wrong.phase.toLowerCase()).toBe(right.phase.toLowerCase())
    }
  })
})

describe('the behaviour that a request asks for', () => {
  test('comes back from the annotation as it was written', () => {
    const behaviour = fc.record(
      {
        behaviour: fc.constantFrom(...BEHAVIOURS),
        pollMs: fc.integer({ min: 10, max: 600_000 }),
        generation: fc.constantFrom('old' as const, 'new' as const),
      },
      { requiredKeys: ['behaviour'] },
    )
    fc.assert(
      fc.property(behaviour, (asked) => {
        expect(behaviourOf(focomRequest('x', { annotations: behaviourAnnotation(asked) }))).toEqual(asked)
      }),
    )
  })

  test('never throws, whatever stands there; what cannot be read is told', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `{${text}`),
        ),
        (text) => {
          const read = behaviourOf(focomRequest('x', { annotations: { 'o2ims.simulated/behaviour': text } }))
          expect(BEHAVIOURS).toContain(read.behaviour)
        },
      ),
    )
    expect(behaviourOf(focomRequest('x', { annotations: { 'o2ims.simulated/behaviour': '{"behaviour":' } }))).toEqual({
      behaviour: 'failed',
      refused: 'the annotation o2ims.simulated/behaviour cannot be read',
    })
  })
})

describe('profiles', () => {
  test('the true FoCoM looks after 20 and then every 30 seconds', () => {
    expect(UPSTREAM.focom?.pollMs).toEqual({ first: 20_000, next: 30_000, deletion: 15_000 })
  })

  test('a request may ask for other times and for another generation', () => {
    const { focom, o2ims } = SIMULATED
    if (focom === undefined || o2ims === undefined) throw new Error('both are played')
    expect(focomProfileFor(focom, { behaviour: 'normal' })).toEqual(focom)
    expect(focomProfileFor(focom, { behaviour: 'normal', pollMs: 70 }).pollMs.next).toBe(70)
    expect(o2imsProfileFor(o2ims, { behaviour: 'slow', pollMs: 70, generation: 'new' })).toMatchObject({
      stepMs: 700,
      observeMs: 70,
      generation: 'new',
    })
  })
})

describe('the kubeconfig of a simulated O-Cloud', () => {
  test('leads to that O-Cloud', () => {
    expect(simulatedTarget(simulatedKubeconfig('6f0c2d1e-8a55-4b0e-9d0c-1c8d7f3f0a11'))).toBe(
      '6f0c2d1e-8a55-4b0e-9d0c-1c8d7f3f0a11',
    )
  })

  test('is told from a real one', () => {
    expect(simulatedTarget('clusters: [{name: a, cluster: {server: "https://10.0.0.1:6443"}}]')).toBeUndefined()
  })

  test.each(['clusters: [secret', 'a: 1', ''])('what is no kubeconfig is refused without being repeated', (text) => {
    expect(() => simulatedTarget(text)).toThrow(/cannot be used/)
    expect(() => simulatedTarget(text)).not.toThrow(/secret/)
  })
})
