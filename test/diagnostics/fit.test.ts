import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitted, MOST_BYTES } from '../../src/diagnostics/fit.ts'
import type { Diagnosis } from '../../src/diagnostics/schema.ts'

const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

function diagnosis(events: number, logBytes: number, targets = 1): Diagnosis {
  const at = '2026-01-01T00:00:00.000Z'
  const event = {
    at,
    type: 'Warning',
    reason: 'FailedMount',
    object: 'Pod ran/du',
    ours: true,
    message: 'm'.repeat(300),
    count: 1,
  }
  const target = {
    oCloudId: 'o',
    name: 'edge',
    reachable: true,
    events: Array.from({ length: events }, () => event),
    operatorLogs: [{ namespace: 'focom-system', pod: 'p', phase: 'Running', log: 'ä'.repeat(logBytes / 2) }],
    kindLogs: [{ name: 'node/kubelet.log', text: 'k'.repeat(logBytes) }],
    notCollected: [],
  }
  return {
    collectedAt: at,
    generation: 1,
    phase: 'FAILED',
    causes: ['a cause'],
    targets: Array.from({ length: targets }, () => target),
  }
}

describe('a diagnosis', () => {
  it('that fits stays as it is', () => {
    const small = diagnosis(3, 100)
    expect(fitted(small)).toEqual(small)
  })

  it('is shortened where it is too long, says so, and keeps its causes', () => {
    const fit = fitted(diagnosis(200, 100_000))
    expect(sizeOf(fit)).toBeLessThanOrEqual(MOST_BYTES)
    expect(fit).toMatchObject({ shortened: true, causes: ['a cause'], targets: [{ name: 'edge', reachable: true }] })
    expect(fit.targets[0]?.operatorLogs?.[0]?.log).toMatch(/^…/)
  })

  it('fits whatever was found', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(20_000), fc.integer({ min: 0, max: 12 }), (events, bytes, targets) => {
        expect(sizeOf(fitted(diagnosis(events, bytes, targets)))).toBeLessThanOrEqual(MOST_BYTES)
      }),
      { numRuns: 15 },
    )
  })
})
