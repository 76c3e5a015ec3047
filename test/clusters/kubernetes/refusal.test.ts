import { describe, expect, test } from 'vitest'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import { refusalOf } from '../../../src/clusters/kubernetes/refusal.ts'

const status = (code: number, message: string, more: Record<string, unknown> = {}) => ({
  status: code,
  body: { kind: 'Status', message, code, ...more },
})

describe('what the API server refuses', () => {
  test.each([400, 403, 404, 405, 413, 415, 422])('with %i is final, in its own words', (code) => {
    expect(refusalOf(status(code, 'because'), { what: 'Pod "a"' })).toMatchObject({
      code: 'APPLY_FAILED',
      retryable: false,
      message: 'Pod "a": because',
    })
  })

  test('with 401 says what to do about a kubeconfig that has expired', () => {
    expect(refusalOf(status(401, 'Unauthorized'), { what: 'Pod "a"' })).toMatchObject({
      code: 'APPLY_FAILED',
      retryable: false,
      message: expect.stringMatching(/^Pod "a": Unauthorized \(.*replace the O-Cloud with a new kubeconfig/),
    })
  })

  test.each([429, 500, 502, 503, 504])('with %i may be tried again', (code) => {
    const refusal = refusalOf({ ...status(code, 'busy'), retryAfter: 3 }, { what: 'Pod "a"' })
    expect(refusal).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfter: 3 })
    expect(refusal.message).toContain('busy')
  })

  test('with 500 because a field is not in the schema is final', () => {
    const answer = status(
      500,
      'failed to create typed patch object (/a; /v1, Kind=Pod): .spec.x: field not declared in schema',
    )
    expect(refusalOf(answer, { what: 'Pod "a"' })).toMatchObject({ code: 'APPLY_FAILED', retryable: false })
  })

  test('because others own fields is a CONFLICT that names them', () => {
    const causes = [
      { reason: 'FieldManagerConflict', message: 'conflict with "kubectl" using v1', field: '.data.x' },
      { reason: 'FieldManagerConflict', message: 'conflict with "helm" using v1', field: '.data.y' },
      { reason: 'FieldManagerConflict', message: 'conflict with "kubectl" using v1', field: '.data.z' },
    ]
    const answer = status(409, 'Apply failed with 3 conflicts', { details: { causes } })
    expect(refusalOf(answer, { what: 'ConfigMap "a"' })).toMatchObject({
      code: 'CONFLICT',
      retryable: false,
      message: 'ConfigMap "a": "kubectl" owns .data.x, .data.z; "helm" owns .data.y',
    })
  })

  test('of a Secret is told without its values', () => {
    const sent: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a' },
      data: { key: Buffer.from('hidden-one').toString('base64') },
      stringData: { other: 'hidden "two"\nlines', number: 123456 },
    }
    const message = `data[key]: Invalid value: "hidden-one": wrong; aGlkZGVuLW9uZQ== hidden "two"\nlines hidden \\"two\\"\\nlines 123456, got &value{Value:map{}{"deep":"hidden"}}`
    const told = refusalOf(status(422, message), { what: 'Secret "a"', sent }).message
    for (const secret of ['hidden', '123456', 'aGlkZGVu']) expect(told).not.toContain(secret)
    expect(told).toContain('data[key]: Invalid value: [secret]: wrong')
  })

  test('by something on the way is cut short', () => {
    const refusal = refusalOf({ status: 502, body: `<html>${'x'.repeat(5000)}</html>` }, { what: 'Pod "a"' })
    expect(refusal.message.length).toBeLessThan(500)
  })
})
