import { describe, expect, it } from 'vitest'
import { createKeptAnswers } from '../../src/provisioning/kept-answers.ts'
import { created } from '../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord } from '../../src/provisioning/record.ts'
import type { Peeked } from '../../src/store/store.ts'

function aRecord(): ProvisioningRecord {
  const data = { provisioningRequestId: 'r', name: 'n', description: '', templateName: 't', templateVersion: '1.0.0' }
  const template = {
    ...data,
    name: 't',
    version: '1.0.0',
    result: 'resources' as const,
    timeoutSeconds: 60,
    parameterSchema: {},
    steps: [],
  }
  const accepted = { data, template, sentHash: '', parameters: {}, oCloudIds: [], simulated: true }
  return created(accepted, 'reference', () => new Date(0)).record
}

describe('the answer with one request', () => {
  it('is put into words once for each version, and anew after a write and for a request of the same id that was made later', () => {
    let represented = 0
    let parsed = 0
    const answers = createKeptAnswers(({ message }) => {
      represented += 1
      return { message }
    })
    const stored = (mark: string, n: number, message: string): Peeked<ProvisioningRecord> => ({
      mark,
      n,
      value() {
        parsed += 1
        return { ...aRecord(), message }
      },
    })
    const get = (peeked: Peeked<ProvisioningRecord>, headers = {}) => answers('r', peeked, headers)

    const first = get(stored('1 7', 1, 'waits'))
    expect(first).toMatchObject({ status: 200, body: '{"message":"waits"}', headers: { ETag: '"1-0"' } })
    expect(get(stored('1 7', 1, 'waits'))).toEqual(first)
    expect([represented, parsed]).toEqual([1, 1])
    expect(get(stored('2 7', 2, 'runs'))).toMatchObject({ body: '{"message":"runs"}', headers: { ETag: '"1-1"' } })
    expect(get(stored('1 9', 1, 'another'))).toMatchObject({
      body: '{"message":"another"}',
      headers: { ETag: '"1-0"' },
    })
    expect([represented, parsed]).toEqual([3, 3])
  })

  it('is 304 for who knows the version', () => {
    const answers = createKeptAnswers(() => ({}))
    const peeked = { mark: '1 1', n: 1, value: aRecord }
    expect(answers('r', peeked, { 'if-none-match': '"1-0"' })).toEqual({ status: 304, headers: { ETag: '"1-0"' } })
    expect(answers('r', peeked, { 'if-none-match': '"0-0"' })).toMatchObject({ status: 200 })
  })
})
