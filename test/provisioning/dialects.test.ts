import { describe, expect, test } from 'vitest'
import type { KubernetesObject } from '../../src/clusters/cluster.ts'
import type { JsonObject } from '../../src/json.ts'
import { DIALECT_TABLE, type DialectName, phaseOf } from '../../src/provisioning/dialects.ts'

const request = (dialect: DialectName, status?: JsonObject, metadata: object = {}): KubernetesObject => ({
  ...DIALECT_TABLE[dialect].kind,
  metadata: { name: 'x', generation: 2, ...metadata },
  ...(status && { status }),
})

describe('what operators say', () => {
  test.each([
    ['pending', 'PENDING'],
    ['Provisioning', 'PROGRESSING'],
    ['progressing', 'PROGRESSING'],
    ['Fulfilled', 'FULFILLED'],
    ['FULFILLED', 'FULFILLED'],
    ['fAILED', 'FAILED'],
    ['deleting', 'DELETING'],
    ['', 'PENDING'],
    [undefined, 'PENDING'],
    ['something new', 'PROGRESSING'],
  ])('%s is %s, whatever its case', (word, phase) => {
    expect(phaseOf(word)).toBe(phase)
  })

  test('Nephio writes state and message', () => {
    const status = { provisioningStatus: { provisioningState: 'failed', provisioningMessage: 'why' } }
    expect(DIALECT_TABLE.nephio.says(request('nephio', status))).toEqual({ phase: 'FAILED', message: 'why' })
  })

  test('the O-Cloud Manager writes phase and details, and says of which generation', () => {
    const provisioningStatus = { provisioningPhase: 'fulfilled', provisioningDetails: 'done' }
    const { says } = DIALECT_TABLE.openshift
    expect(says(request('openshift', { provisioningStatus, observedGeneration: 2 }))).toEqual({
      phase: 'FULFILLED',
      message: 'done',
    })
    expect(says(request('openshift', { provisioningStatus, observedGeneration: 1 })).phase).toBe('PENDING')
  })

  test('no status at all is PENDING and said; an object that is being deleted is DELETING, whatever it says', () => {
    expect(DIALECT_TABLE.nephio.says(request('nephio'))).toEqual({
      phase: 'PENDING',
      message: 'the o2ims-operator wrote no status',
    })
    const deleted = request(
      'nephio',
      { provisioningStatus: { provisioningState: 'fulfilled' } },
      { deletionTimestamp: '2026-01-31T14:52:21Z' },
    )
    expect(DIALECT_TABLE.nephio.says(deleted).phase).toBe('DELETING')
  })
})
