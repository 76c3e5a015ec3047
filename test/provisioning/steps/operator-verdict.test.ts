import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import { FOCOM_REQUEST } from '../../../src/operators/kinds.ts'
import { DIALECT_TABLE } from '../../../src/provisioning/dialects.ts'
import { judgeRequest, type RemoteView } from '../../../src/provisioning/steps/operator-verdict.ts'

const dialect = DIALECT_TABLE.nephio
const remote = (provisioningState?: string, provisioningMessage = 'm', annotations = {}): KubernetesObject => ({
  ...dialect.kind,
  metadata: { name: 'r', annotations },
  ...(provisioningState !== undefined && {
    status: { provisioningStatus: { provisioningState, provisioningMessage } },
  }),
})
const focom = (phase?: string, message = 'f', remoteName = 'r'): KubernetesObject => ({
  ...FOCOM_REQUEST,
  metadata: { name: 'r', namespace: 'n' },
  ...(phase !== undefined && { status: { phase, message, ...(remoteName && { remoteName }) } }),
})
const judge = (there: RemoteView, asked?: KubernetesObject | 'absent', remoteSeen = false) =>
  judgeRequest({ dialect, remote: there, remoteSeen, ...(asked !== undefined && { focom: asked }) })

describe('the verdict on a request', () => {
  test('the O-Cloud is believed, whatever FoCoM says', () => {
    expect(judge(remote('fulfilled'), focom('provisioning'))).toEqual({ done: true })
    expect(judge(remote('fulfilled'), focom('failed', 'poll error: refused'))).toEqual({ done: true })
    expect(judge(remote('failed', 'no room'), focom('Fulfilled'))).toEqual({
      failed: "the o2ims-operator: no room (FoCoM says Fulfilled: f; the O-Cloud's own word counts)",
    })
    expect(judge(remote('progressing', 'halfway'), focom('failed', 'poll error: refused'))).toMatchObject({
      done: false,
      message: expect.stringMatching(
        /halfway \(FoCoM says failed: poll error: refused; the O-Cloud's own word counts\)/,
      ),
    })
  })

  test('FoCoM’s failure counts where the O-Cloud has nothing, or where FoCoM never got there', () => {
    expect(judge('absent', focom('failed', 'OCloud not found', ''))).toEqual({
      failed: 'FoCoM says failed: OCloud not found',
    })
    expect(judge('unlisted', focom('failed', 'no route', ''))).toHaveProperty('failed')
    expect(judge('refused', focom('failed', 'x'))).toHaveProperty('failed')
  })

  test('an O-Cloud that answers us and not FoCoM is told as a matter of the address', () => {
    const refused = focom('failed', 'failed to create remote cluster: dial tcp 127.0.0.1:6443: connection refused', '')
    expect(judge('absent', refused)).toEqual({
      failed: expect.stringMatching(
        /connection refused; the O-Cloud answers here: FoCoM needs an address .*edgeAddress .*--edge-ip/,
      ),
    })
    expect(judge('unlisted', refused)).toEqual({ failed: expect.stringMatching(/connection refused$/) })
  })

  test('an O-Cloud that has not answered yet is waited for when FoCoM has lost sight of the request', () => {
    expect(judge('unlisted', focom('failed', 'poll error: refused'))).toMatchObject({ done: false })
    expect(judge('unlisted', focom('Fulfilled'))).toMatchObject({ done: false })
    expect(judge('absent', focom('Fulfilled'))).toMatchObject({
      done: false,
      message: expect.stringContaining('does not stand on the O-Cloud'),
    })
  })

  test('where we may not look at the O-Cloud, FoCoM’s word is all there is', () => {
    expect(judge('refused', focom('FULFILLED'))).toEqual({ done: true })
    expect(judge('refused', focom('progressing'))).toMatchObject({ done: false })
  })

  test('what somebody takes away is the end', () => {
    expect(judge('absent', focom('progressing'), true)).toEqual({
      failed: 'the ProvisioningRequest was removed from the O-Cloud by somebody else',
    })
    expect(judge('absent')).toHaveProperty('failed')
    expect(judge(remote('progressing'), 'absent')).toEqual({
      failed: 'the FocomProvisioningRequest was removed by somebody else',
    })
  })

  test('an operator without a status is told as such, with the note that kopf left', () => {
    expect(judge(remote(undefined), focom('provisioning'))).toMatchObject({
      message: 'the o2ims-operator wrote no status',
    })
    const note = { 'provisioningrequests.o2ims/create_fn': JSON.stringify({ failure: true, message: 'notFound' }) }
    expect(judge(remote(undefined, '', note))).toMatchObject({
      message: 'the o2ims-operator wrote no status; it noted in an annotation: notFound',
    })
    expect(judge(remote(undefined, '', { 'x/create_fn': 'no json' }))).toMatchObject({ done: false })
  })

  test('no view at all ends well unless the O-Cloud says fulfilled, or hides it and FoCoM does', () => {
    const word = fc.constantFrom(
      undefined,
      'pending',
      'provisioning',
      'progressing',
      'fulfilled',
      'failed',
      'deleting',
      'x',
    )
    const there = fc.oneof(
      word.map((state) => remote(state)),
      fc.constantFrom<RemoteView>('absent', 'unlisted', 'refused'),
    )
    const asked = fc.oneof(
      word.map((phase) => focom(phase)),
      fc.constantFrom('absent' as const, undefined),
    )
    fc.assert(
      fc.property(there, asked, fc.boolean(), (one, two, seen) => {
        const verdict = judge(one, two, seen)
        if (!('done' in verdict) || !verdict.done) return
        const says = typeof one === 'object' ? dialect.says(one).phase : undefined
        const focomSays = typeof two === 'object' ? two.status?.phase : undefined
        expect(says === 'FULFILLED' || (one === 'refused' && focomSays === 'fulfilled')).toBe(true)
        expect(two).not.toBe('absent')
      }),
    )
  })
})
