import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimed } from '../../src/provisioning/lifecycle.ts'
import type { Made, ProvisioningRecord, StepRecord } from '../../src/provisioning/record.ts'
import { alongside, OCLOUDS, type Requests, recordOf, referencesOf } from '../../src/provisioning/requests.ts'
import { MissingReference } from '../../src/store/store.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'
import { createTestRun, type TestRun, thingTemplate } from '../harness/run.ts'

let testStore: TestStore
let run: TestRun
let requests: Requests

beforeAll(async () => {
  testStore = await createTestStore()
  run = await createTestRun(testStore.store, new Map([['things/1.0.0', thingTemplate(['one', 'two'])]]))
  requests = run.requests
})
afterAll(() => testStore.stop())

const oClouds = () => testStore.store.collection<object>(OCLOUDS)

function standing(name: string, oCloudId: string, more: Partial<StepRecord> = {}): StepRecord {
  const objects = [{ apiVersion: 'v1', kind: 'Thing', name, action: 'created' as const, madeIn: 1 }]
  const made: Made = { oCloudId, objects, outputs: {}, notes: {} }
  return { name, uses: 'thing', state: 'SUCCEEDED', made, ...more }
}

const cluster = (oCloudId: string): StepRecord => {
  const step = standing('cluster', oCloudId, { uses: 'kind-cluster' })
  return { ...step, ...(step.made && { made: { ...step.made, outputs: { oCloudId } } }) }
}

/** Writes as the API does. */
const set = (id: string, change: Partial<ProvisioningRecord>) =>
  requests.update(id, (record) => ({ record: { ...record, ...change }, events: [] }))

const idsOf = (record: ProvisioningRecord) =>
  referencesOf(record)
    .filter(({ collection }) => collection === OCLOUDS)
    .map(({ id }) => id)

describe('what a request refers to', () => {
  it('is its template, the O-Clouds that it names, and those on which something stands that it made there', async () => {
    const posted = await run.post('names', { one: 'a', two: 'b', target: 'X' })
    expect(referencesOf({ ...posted, oCloudIds: ['x'] })).toEqual([
      { collection: 'template', id: 'things/1.0.0' },
      { collection: OCLOUDS, id: 'x' },
    ])
    const record = { ...posted, oCloudIds: ['new'], retired: [standing('a', 'old')], steps: [standing('b', 'new')] }
    expect(idsOf(record)).toEqual(['new', 'old'])
    const [old] = record.retired
    const emptied = { ...old, made: { ...old?.made, objects: [] } } as StepRecord
    expect(idsOf({ ...record, retired: [emptied] })).toEqual(['new'])
  })

  it('is never a cluster that it made itself', async () => {
    const posted = await run.post('makes', { one: 'a', two: 'b', target: 'X' })
    expect(idsOf({ ...posted, steps: [cluster('mine'), standing('on-it', 'mine'), standing('b', 'other')] })).toEqual([
      'other',
    ])
    expect(idsOf({ ...posted, oCloudIds: ['mine'], retired: [cluster('mine')] })).toEqual([])
  })

  it('keeps an O-Cloud from being removed until nothing stands there any more', async () => {
    await oClouds().create('first', {})
    await oClouds().create('second', {})
    const { provisioningRequestId: id } = await run.post('moves', { one: 'a', two: 'b', target: 'X' })
    await set(id, { oCloudIds: ['first'], steps: [standing('one', 'first')] })
    await set(id, { oCloudIds: ['second'], steps: [], retired: [standing('one', 'first')] })
    await expect(oClouds().remove('first')).rejects.toThrow('still used by provisioningRequest:moves')
    await set(id, { retired: [] })
    expect(await oClouds().remove('first')).toBe(true)
  })

  it('does without an O-Cloud that is gone and not named, and is refused one that it names', async () => {
    const { provisioningRequestId: id } = await run.post('lost', { one: 'a', two: 'b', target: 'X' })
    const written = await set(id, { steps: [standing('one', 'gone'), standing('two', 'gone too')] })
    const transition = { record: { ...written, message: 'by a worker' }, events: [] }
    const stored = await requests.collection.replace(id, written.n, transition.record, alongside(written, transition))
    expect(stored?.value.message).toBe('by a worker')
    await expect(set(id, { oCloudIds: ['gone'] })).rejects.toThrow(MissingReference)
  })
})

describe('a change by the API', () => {
  it('is made anew when a worker takes the request over in between', async () => {
    const { provisioningRequestId: id } = await run.post('raced', { one: 'a', two: 'b', target: 'X' })
    const { collection } = requests
    let raced = false
    const stored = await collection.get(id)
    if (!stored) throw new Error('it is there')
    const claim = claimed(recordOf(stored), run.parts.clock)
    const claiming: Promise<unknown>[] = []
    const changed = await requests.update(id, (record) => {
      // Sent first on the same connection, so that it is there first.
      if (!raced) claiming.push(collection.replace(id, stored.n, claim.record, alongside(recordOf(stored), claim)))
      raced = true
      return { record: { ...record, message: 'changed' }, events: [] }
    })
    await Promise.all(claiming)
    expect(changed).toMatchObject({ epoch: claim.record.epoch, phase: 'PROGRESSING', message: 'changed' })
  })
})
