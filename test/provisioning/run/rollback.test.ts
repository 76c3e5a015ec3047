import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import type { JsonObject } from '../../../src/json.ts'
import { deleting, replaced, retried } from '../../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord, RequestOptions } from '../../../src/provisioning/record.ts'
import { frontDoorInfo } from '../../../src/provisioning/representation.ts'
import type { RunParts } from '../../../src/provisioning/run/run-request.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import { dieAt } from '../../harness/deaths.ts'
import { createTestStore, type TestStore } from '../../harness/redis.ts'
import { createTestRun, type TestRun, thingsAccepted, thingTemplate } from '../../harness/run.ts'

const things = thingTemplate(['one', 'two'])
const others = thingTemplate(['two', 'three'], { name: 'others' })
const templates = new Map<string, Template>([things, others].map((one) => [`${one.name}/1.0.0`, one]))
const old = { one: 'a', two: 'b', three: 'c', target: 'X', content: 'old' }
const wanted: RequestOptions = { rollbackOnFailure: true }

let testStore: TestStore
let run: TestRun
let count = 0
beforeAll(async () => {
  testStore = await createTestStore()
  run = await createTestRun(testStore.store, templates)
})
afterAll(() => testStore.stop())
beforeEach(() => {
  const { world } = run
  world.things.clear()
  world.contents.clear()
  world.calls.length = 0
  world.duringApply = async () => undefined
  world.duringUndo = async () => undefined
})

interface Put {
  parameters: JsonObject
  options?: RequestOptions
  template?: Template
}

async function fulfilled(): Promise<ProvisioningRecord> {
  const posted = await run.post(`rollback-${++count}`, old, wanted)
  await run.run(posted)
  return run.requests.get(posted.provisioningRequestId)
}

function put(
  { provisioningRequestId: id }: ProvisioningRecord,
  { parameters, options = wanted, template = things }: Put,
) {
  return run.requests.update(id, (record) =>
    replaced(record, thingsAccepted(id, template, parameters, options), run.parts.clock),
  )
}

async function runAgain(record: ProvisioningRecord, parts: Partial<RunParts> = {}): Promise<ProvisioningRecord> {
  await run.run(record, undefined, parts)
  return run.requests.get(record.provisioningRequestId)
}

/** Fails as often as told, whenever that thing is made. */
function failing(thing: string, times = 1): void {
  let left = times
  run.world.duringApply = async (name) => {
    if (name === thing && left-- > 0) throw new ServiceError('APPLY_FAILED', `no room for ${name}`)
  }
}

describe('a PUT that fails and is rolled back', () => {
  it('gives what it changed its earlier content, ends FAILED, and says to which generation it went back', async () => {
    const first = await fulfilled()
    failing('b')
    const record = await runAgain(await put(first, { parameters: { ...old, content: 'new' } }))
    expect(record).toMatchObject({ phase: 'FAILED', generation: 2 })
    expect(record.message).toBe('two: no room for b; rolled back to generation 1')
    expect(record.error).toMatchObject({ code: 'APPLY_FAILED', step: 'two', rolledBackTo: 1, left: [] })
    expect([...run.world.contents]).toEqual([
      ['a', 'old'],
      ['b', 'old'],
    ])
    expect(frontDoorInfo(record).progress.error).toMatchObject({ rolledBackTo: 1 })
    expect(record.data.templateParameters).toMatchObject({ content: 'new' })
  })

  it('undoes what it made before the old comes back, and takes what another template had made back as well', async () => {
    const first = await fulfilled()
    failing('c2')
    const change = { parameters: { ...old, two: 'b2', three: 'c2', target: 'Y' }, template: others }
    const record = await runAgain(await put(first, change))
    expect([...run.world.things].sort()).toEqual(['a', 'b'])
    expect(record.error).toMatchObject({ step: 'three', rolledBackTo: 1 })
    expect(record.error?.undone.map(({ name }) => name).sort()).toEqual(['b2', 'c2'])
    expect(record.steps.map(({ name, state }) => [name, state])).toEqual([
      ['two', 'UNDONE'],
      ['three', 'UNDONE'],
    ])
    // A PUT of the old request finds everything, and DELETE takes everything.
    run.world.duringApply = async () => undefined
    expect(await runAgain(await put(first, { parameters: old }))).toMatchObject({ phase: 'FULFILLED', retired: [] })
    const id = first.provisioningRequestId
    await run.run(await run.requests.update(id, (current) => deleting(current, run.parts.clock)))
    expect(run.world.things.size).toBe(0)
  })

  it('is not rolled back when nothing was FULFILLED before, when it is not asked for, or when it was the same request', async () => {
    failing('b', 9)
    const posted = await run.post(`rollback-${++count}`, old, wanted)
    expect((await runAgain(posted)).error).not.toHaveProperty('rolledBackTo')
    run.world.duringApply = async () => undefined
    const first = await fulfilled()
    failing('b', 9)
    const retry = await run.requests.update(first.provisioningRequestId, (record) => retried(record, run.parts.clock))
    expect((await runAgain(retry)).message).toBe('two: no room for b')
    const record = await runAgain(await put(first, { parameters: { ...old, content: 'new' }, options: {} }))
    expect(record.error).not.toHaveProperty('rolledBackTo')
    expect(run.world.contents.get('a')).toBe('new')
  })

  it('goes back to the last FULFILLED generation also after several that failed', async () => {
    const first = await fulfilled()
    failing('b')
    await runAgain(await put(first, { parameters: { ...old, content: 'second' }, options: {} }))
    failing('c')
    const change = { parameters: { ...old, content: 'third' }, template: others }
    const third = await runAgain(await put(first, change))
    expect(third.error).toMatchObject({ rolledBackTo: 1 })
    failing('c')
    const retry = await run.requests.update(first.provisioningRequestId, (record) => retried(record, run.parts.clock))
    expect((await runAgain(retry)).error).toMatchObject({ step: 'three', rolledBackTo: 1 })
    expect([...run.world.contents].sort()).toEqual([
      ['a', 'old'],
      ['b', 'old'],
      ['c', 'third'],
    ])
    expect([...run.world.things].sort()).toEqual(['a', 'b'])
  })

  it('ends CLEANUP_FAILED with both causes when the rollback fails as well', async () => {
    const first = await fulfilled()
    failing('b', 2)
    const record = await runAgain(await put(first, { parameters: { ...old, content: 'new' } }))
    expect(record.error).toMatchObject({ code: 'CLEANUP_FAILED', exitCode: 8, step: 'two' })
    expect(record.error?.cause).toBe('no room for b; the rollback to generation 1 failed: two: no room for b')
    expect(record.error).not.toHaveProperty('rolledBackTo')
    expect(record).not.toHaveProperty('rollback')
  })

  it('has the time limit of an undo for it, whatever the deadline of the request was', async () => {
    const first = await fulfilled()
    let times = 0
    run.world.duringApply = async (name, { signal }) => {
      if (name === 'b' && ++times > 0) await sleep(60_000, undefined, { signal })
    }
    const options = { ...wanted, timeoutSeconds: 1 }
    const late = await put(first, { parameters: { ...old, content: 'new' }, options })
    const record = await runAgain(late, { undoTimeoutMs: 300 })
    expect(times).toBe(2)
    expect(record.error?.code).toBe('CLEANUP_FAILED')
    expect(record.error?.cause).toMatch(
      /^not done within 1 s.*; the rollback to generation 1 failed: two: not done within 0.3 s/,
    )
    expect(record.deadline && record.startedAt && Date.parse(record.deadline) - Date.parse(record.startedAt)).toBe(1000)
  })

  it('goes back also when what the change replaced could not be removed', async () => {
    const first = await fulfilled()
    let times = 0
    run.world.duringUndo = async (name) => {
      if (name === 'a' && ++times === 1) throw new ServiceError('UNAVAILABLE', 'the O-Cloud is away')
    }
    const record = await runAgain(await put(first, { parameters: { ...old, one: 'a2', two: 'b2', target: 'Y' } }))
    expect(record.error).toMatchObject({ code: 'CLEANUP_FAILED', rolledBackTo: 1, left: [] })
    expect(record.retired).toEqual([])
    expect([...run.world.things].sort()).toEqual(['a', 'b'])
  })

  it('removes what the first undo had left, and then it is no cleanup that failed', async () => {
    const first = await fulfilled()
    failing('b2')
    let times = 0
    run.world.duringUndo = async (name) => {
      if (name === 'a2' && ++times === 1) throw new ServiceError('UNAVAILABLE', 'away for a moment')
    }
    const record = await runAgain(await put(first, { parameters: { ...old, one: 'a2', two: 'b2', target: 'Y' } }))
    expect(record.error).toMatchObject({ code: 'APPLY_FAILED', exitCode: 5, rolledBackTo: 1, left: [] })
    expect(record.error?.undone.map(({ name }) => name).sort()).toEqual(['a2', 'b2'])
    expect([...run.world.things].sort()).toEqual(['a', 'b'])
  })

  it('keeps the writeOnly parameters of both generations sealed, and applies the old ones again', async () => {
    const { secrets } = testStore.store
    const secret = (word: string, reference: string) => secrets.seal(JSON.stringify({ content: word }), reference)
    const id = `rollback-${++count}`
    const { content: _c, ...open } = old
    const posted = await run.post(id, open, wanted)
    await run.requests.update(id, (record) => ({
      record: { ...record, sealed: secret('old-password', record.reference) },
      events: [],
    }))
    await runAgain(posted)
    let times = 0
    run.world.duringApply = async (name) => {
      if (name === 'b' && times++ < 2)
        throw new ServiceError('APPLY_FAILED', `old-password or new-password at ${times}`)
    }
    const change = await run.requests.update(id, (record) => {
      const accepted = thingsAccepted(id, things, { ...open, three: 'other' }, wanted)
      return replaced(record, { ...accepted, sealed: secret('new-password', record.reference) }, run.parts.clock)
    })
    const record = await runAgain(change)
    expect(record.error?.cause).toBe(
      '[secret] or [secret] at 1; the rollback to generation 1 failed: two: [secret] or [secret] at 2',
    )
    expect(run.world.contents.get('a')).toBe('old-password')
    const { entries } = await run.requests.collection.log(id)
    expect(JSON.stringify([record, entries])).not.toMatch(/old-password|new-password/)
  })

  it('gives way to a newer PUT', async () => {
    const first = await fulfilled()
    let times = 0
    run.world.duringApply = async (name, { signal }) => {
      if (name !== 'b') return
      if (++times === 1) throw new ServiceError('APPLY_FAILED', 'no')
      if (times > 2) return
      await put(first, { parameters: { ...old, content: 'newest' } })
      await sleep(10_000, undefined, { signal })
    }
    const between = await runAgain(await put(first, { parameters: { ...old, content: 'new' } }))
    expect(between).toMatchObject({ phase: 'PENDING', generation: 3 })
    expect(await runAgain(between)).toMatchObject({ phase: 'FULFILLED', retired: [] })
    expect([...run.world.contents.values()]).toEqual(['newest', 'newest'])
  })

  it('ends the same when its process is killed at any instant', async () => {
    const ends: string[] = []
    for (let nth = 1, lived = false; !lived; nth++) {
      run.world.things.clear()
      run.world.contents.clear()
      run.world.duringApply = async () => undefined
      const first = await fulfilled()
      const change = { ...old, two: 'b2', three: 'c', target: 'X', content: 'new' }
      const deaths = dieAt(nth)
      const { collection } = run.requests
      const dying: typeof collection = {
        ...collection,
        replace: (...given) => deaths.around('a write', () => collection.replace(...given)),
      }
      run.world.duringApply = async (name) => {
        deaths.instant(`in ${name}`)
        if (name === 'c') throw new ServiceError('APPLY_FAILED', 'no room for c')
      }
      run.world.duringUndo = async (name) => deaths.instant(`in the undo of ${name}`)
      const posted = await put(first, { parameters: change, template: others })
      await run.run(posted, undefined, { requests: { ...run.requests, collection: dying } })
      lived = deaths.diedAt() === undefined
      run.world.duringApply = async (name) => {
        if (name === 'c') throw new ServiceError('APPLY_FAILED', 'no room for c')
      }
      run.world.duringUndo = async () => undefined
      const record = lived ? await run.requests.get(posted.provisioningRequestId) : await runAgain(posted)
      ends.push(`${record.phase} ${record.error?.code} ${record.error?.rolledBackTo} ${[...run.world.things].sort()}`)
      // What the rollback has put back is not taken away again.
      expect([nth, record.error?.undone.map(({ name }) => name).sort()]).toEqual([nth, ['b2', 'c']])
      expect([nth, ends.at(-1)]).toEqual([nth, 'FAILED APPLY_FAILED 1 a,b'])
      expect([nth, run.world.contents.get('a'), run.world.contents.get('b')]).toEqual([nth, 'old', 'old'])
    }
    expect(ends.length).toBeGreaterThan(30)
  })
})
