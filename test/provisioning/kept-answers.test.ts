import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeptAnswers } from '../../src/provisioning/kept-answers.ts'
import { created } from '../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord } from '../../src/provisioning/record.ts'
import type { Peeked } from '../../src/store/store.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, rememberAll, type TestStore } from '../harness/redis.ts'

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
    const stored = (n: number, position: number, message: string): Peeked<ProvisioningRecord> => ({
      mark: `${n} ${position}`,
      n,
      value() {
        parsed += 1
        return { ...aRecord(), message }
      },
    })
    const get = (peeked: Peeked<ProvisioningRecord>, headers = {}) => answers('r', peeked, headers)

    const first = get(stored(1, 7, 'waits'))
    expect(first).toMatchObject({ status: 200, body: '{"message":"waits"}', headers: { ETag: '"1-0"' } })
    expect(get(stored(1, 7, 'waits'))).toEqual(first)
    expect([represented, parsed]).toEqual([1, 1])
    expect(get(stored(2, 7, 'runs'))).toMatchObject({ body: '{"message":"runs"}', headers: { ETag: '"1-1"' } })
    expect(get(stored(5, 9, 'another'))).toMatchObject({
      body: '{"message":"another"}',
      headers: { ETag: '"1-4"' },
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

describe('the answer with a request that Redis keeps', needs('redis'), () => {
  let test: TestStore
  let names = 0
  beforeAll(async () => {
    test = await createTestStore()
  })
  afterAll(() => test?.stop())

  /** A process that polls one request, and what writes it. */
  function polled() {
    const collection = test.store.collection<ProvisioningRecord>(`polled${++names}`)
    const answers = createKeptAnswers(({ message }) => ({ message }))
    async function get(headers = {}) {
      const stored = await collection.peek('r')
      return stored && answers('r', stored, headers)
    }
    async function made(message: string) {
      await collection.create('r', { ...aRecord(), message })
      return get()
    }
    async function changed(message: string) {
      await collection.update('r', ({ value }) => ({ value: { ...value, message } }))
      return get()
    }
    return { collection, get, made, changed }
  }

  it('has another ETag when it was removed and made anew', async () => {
    const { collection, get, made } = polled()
    const first = await made('first')
    await collection.remove('r')
    const second = await made('second')
    expect(second?.body).toBe('{"message":"second"}')
    expect(second?.headers?.ETag).not.toBe(first?.headers?.ETag)
    expect(await get({ 'if-none-match': first?.headers?.ETag })).toEqual(second)
    expect(await get({ 'if-none-match': second?.headers?.ETag })).toMatchObject({ status: 304 })
  })

  it('is that of the one that was made anew, after a failover that lost the first', async () => {
    const { get, made } = polled()
    const lose = await rememberAll(test.redis)
    const lost = await made('lost')
    await lose()
    expect(await get()).toBeUndefined()
    const anew = await made('anew')
    expect(anew?.body).toBe('{"message":"anew"}')
    expect(anew?.headers?.ETag).not.toBe(lost?.headers?.ETag)
  })

  it('is that of the last write, after a failover that lost another one', async () => {
    const { get, made, changed } = polled()
    const kept = await made('kept')
    const lose = await rememberAll(test.redis)
    const lost = await changed('lost')
    await lose()
    expect(await get()).toEqual(kept)
    const anew = await changed('anew')
    expect(anew?.body).toBe('{"message":"anew"}')
    expect(anew?.headers?.ETag).not.toBe(lost?.headers?.ETag)
  })
})
