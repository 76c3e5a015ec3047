import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import { cancelled, deleting, replaced, retried } from '../../../src/provisioning/lifecycle.ts'
import type { Step } from '../../../src/provisioning/steps/step.ts'
import { failAt, startThingRuns, THREE_THINGS, type ThingRuns, thingsAccepted } from '../../harness/run.ts'

let run: ThingRuns
beforeAll(async () => {
  run = await startThingRuns()
})
afterAll(() => run?.stop())

describe('the run of a request', () => {
  it('blots out secrets in what a step sums up in the words of others', async () => {
    run.fresh()
    const posted = await run.postThree()
    const { secrets } = run.testStore.store
    await run.requests.update(posted.provisioningRequestId, (record) => {
      const sealed = secrets.seal(JSON.stringify({ content: 'swordfish' }), record.reference)
      return { record: { ...record, sealed }, events: [] }
    })
    const thing = run.parts.steps.get('thing') as Step
    const telling: Step = {
      ...thing,
      verify: async (inputs, made, context) => ({
        ...(await thing.verify(inputs, made, context)),
        notes: { summary: 'the operator took swordfish' },
      }),
    }
    expect(await run.run(posted, undefined, { steps: new Map([['thing', telling]]) })).toBe('done')
    const { entries } = await run.requests.collection.log(posted.provisioningRequestId)
    expect((await run.now(posted)).steps[0]?.message).toBe('the operator took [secret]')
    expect(JSON.stringify(entries)).not.toContain('swordfish')
  })

  it('runs the steps in order, with a phase and step event for each change, and ends FULFILLED', async () => {
    const world = run.fresh()
    const posted = await run.postThree()
    expect(await run.run(posted)).toBe('done')
    const record = await run.now(posted)
    expect(record).toMatchObject({ phase: 'FULFILLED', percent: 100, generation: 1 })
    expect(record.steps.map((step) => step.state)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED'])
    expect(world.calls).toEqual(['apply a', 'verify a', 'apply b', 'verify b', 'apply c', 'verify c'])
    const { entries } = await run.requests.collection.log(posted.provisioningRequestId)
    const told = entries.map(
      ({ event, data }) =>
        `${event} ${'step' in Object(data) ? `${Object(data).step} ${Object(data).state}` : Object(data).provisioningPhase}`,
    )
    expect(told).toEqual([
      'phase PENDING',
      'phase PROGRESSING',
      ...['one', 'two', 'three'].flatMap((name) => [`step ${name} RUNNING`, `step ${name} SUCCEEDED`]),
      'phase FULFILLED',
      'end FULFILLED',
    ])
  })

  it('undoes in reverse order what a failed generation made, and says what failed', async () => {
    const world = run.fresh()
    world.duringApply = failAt('c', () => new ServiceError('APPLY_FAILED', 'no room for c'))
    const posted = await run.postThree()
    await run.run(posted)
    const record = await run.now(posted)
    expect(record.phase).toBe('FAILED')
    expect(record.error).toMatchObject({
      code: 'APPLY_FAILED',
      exitCode: 5,
      step: 'three',
      cause: 'no room for c',
      left: [],
    })
    expect(record.message).toBe('three: no room for c; undone: 3 objects')
    expect(record.steps.map((step) => step.state)).toEqual(['UNDONE', 'UNDONE', 'UNDONE'])
    expect(world.calls.slice(-3)).toEqual(['undo c', 'undo b', 'undo a'])
    expect(world.things.size).toBe(0)
  })

  it('leaves what it made when cleaning up is off, and lists it', async () => {
    const world = run.fresh()
    world.duringApply = failAt('b', () => new Error('a surprise'))
    const posted = await run.postThree({ cleanupOnFailure: false })
    await run.run(posted)
    const record = await run.now(posted)
    expect(record.error).toMatchObject({ code: 'PROVISIONING_FAILED', step: 'two', cause: 'a surprise', undone: [] })
    expect(record.error?.left.map((object) => object.name)).toEqual(['b', 'a'])
    expect(record.steps.map((step) => step.state)).toEqual(['SUCCEEDED', 'FAILED', 'PENDING'])
    expect([...world.things]).toEqual(['a', 'b'])
  })

  it('says CLEANUP_FAILED, with the first cause, when something cannot be removed', async () => {
    const world = run.fresh()
    world.duringApply = failAt('b', () => new ServiceError('APPLY_FAILED', 'b is forbidden'))
    world.duringUndo = failAt('a', () => new ServiceError('APPLY_FAILED', 'a may not be deleted'))
    const posted = await run.postThree()
    await run.run(posted)
    const { error, steps } = await run.now(posted)
    expect(error).toMatchObject({ code: 'CLEANUP_FAILED', exitCode: 8, step: 'two', cause: 'b is forbidden' })
    expect(error?.left).toMatchObject([{ name: 'a', reason: 'a may not be deleted' }])
    expect(steps.map((step) => step.state)).toEqual(['FAILED', 'UNDONE', 'PENDING'])
  })

  it('tries again after an error that may pass', async () => {
    const world = run.fresh()
    let times = 0
    world.duringApply = async (name) => {
      if (name === 'a' && ++times < 3) throw new ServiceError('UNAVAILABLE', 'away', { retryable: true })
    }
    const posted = await run.postThree()
    await run.run(posted)
    expect((await run.now(posted)).phase).toBe('FULFILLED')
    expect(world.calls.filter((call) => call === 'apply a')).toHaveLength(3)
  })

  it('fails with TIMEOUT when the deadline passes, undone like any failure', async () => {
    const world = run.fresh()
    world.duringApply = async (name, { signal }) => {
      if (name === 'b') await sleep(60_000, undefined, { signal })
    }
    const posted = await run.postThree({ timeoutSeconds: 1 })
    await run.run(posted)
    const record = await run.now(posted)
    expect(record.error).toMatchObject({ code: 'TIMEOUT', exitCode: 7, step: 'two' })
    expect(record.error?.cause).toContain('not done within 1 s')
    expect(world.things.size).toBe(0)
  })

  it('cancels at once while a step runs, and undoes', async () => {
    const world = run.fresh()
    const posted = await run.postThree()
    world.duringApply = async (name, { signal }) => {
      if (name !== 'b') return
      await run.change(posted, cancelled)
      await sleep(10_000, undefined, { signal })
    }
    await run.run(posted)
    const record = await run.now(posted)
    expect(record.error).toMatchObject({ code: 'CANCELLED', exitCode: 6, step: 'two' })
    expect(world.things.size).toBe(0)
  })

  it('a cancel that was accepted counts, however late it came', async () => {
    const world = run.fresh()
    const posted = await Promise.all(Array.from({ length: 40 }, () => run.postThree()))
    const cancels = new Map<string, Promise<boolean>>()
    world.duringApply = async (name, { request: { provisioningRequestId: id } }) => {
      if (name !== 'c') return
      const later = sleep((cancels.size % 20) / 2)
      const cancel = later.then(() => run.requests.update(id, (record) => cancelled(record, () => new Date())))
      cancels.set(
        id,
        cancel.then(
          () => true,
          () => false,
        ),
      )
    }
    await Promise.all(posted.map((request) => run.run(request)))
    const ends = await Promise.all(
      posted.map(async (request) => {
        const { phase, error } = await run.now(request)
        return { accepted: await cancels.get(request.provisioningRequestId), phase, code: error?.code }
      }),
    )
    for (const { accepted, phase, code } of ends)
      expect({ phase, code }).toEqual(accepted ? { phase: 'FAILED', code: 'CANCELLED' } : { phase: 'FULFILLED' })
    expect(ends.some(({ accepted }) => accepted)).toBe(true)
  })

  it('gives way to a newer generation, which keeps what stands and removes what the new template no longer makes', async () => {
    const world = run.fresh()
    const posted = await run.postThree()
    world.duringApply = async (name, { signal }) => {
      if (name !== 'c') return
      const accepted = thingsAccepted(posted.provisioningRequestId, run.two, THREE_THINGS)
      await run.change(posted, (record, clock) => replaced(record, accepted, clock))
      await sleep(10_000, undefined, { signal })
    }
    expect(await run.run(posted)).toBe('done')
    const between = await run.now(posted)
    expect(between).toMatchObject({ phase: 'PENDING', generation: 2 })
    expect(world.things.has('c')).toBe(true)
    await run.run(between)
    const record = await run.now(posted)
    expect(record).toMatchObject({ phase: 'FULFILLED', generation: 2, retired: [] })
    expect(record.steps.map((step) => step.state)).toEqual(['SKIPPED', 'SKIPPED'])
    expect([...world.things]).toEqual(['a', 'b'])
  })

  it('removes what hangs on the old target once the new one stands, and keeps it when the change fails', async () => {
    const world = run.fresh()
    const posted = await run.postThree()
    await run.run(posted)
    const moved = { ...THREE_THINGS, three: 'c2', target: 'Y' }
    const accepted = thingsAccepted(posted.provisioningRequestId, run.three, moved)
    const put = () => run.change(posted, (record, clock) => replaced(record, accepted, clock))
    world.duringApply = failAt('c2', () => new ServiceError('APPLY_FAILED', 'no'))
    await run.run(await put())
    const failed = await run.now(posted)
    expect(failed.phase).toBe('FAILED')
    expect(failed.retired.map((step) => step.made?.objects[0]?.name)).toEqual(['a', 'b', 'c'])
    expect(world.things.has('c2')).toBe(false)
    expect(world.things.has('c')).toBe(true)
    world.duringApply = async () => undefined
    await run.run(await put())
    expect((await run.now(posted)).phase).toBe('FULFILLED')
    expect(world.things.has('c')).toBe(false)
    expect(world.things.has('c2')).toBe(true)
  })

  it('runs every step again on retry', async () => {
    const world = run.fresh()
    const posted = await run.postThree()
    await run.run(posted)
    world.calls.length = 0
    await run.run(await run.change(posted, retried))
    expect(world.calls.filter((call) => call.startsWith('apply'))).toEqual(['apply a', 'apply b', 'apply c'])
    expect((await run.now(posted)).generation).toBe(2)
  })

  it('removes everything and then the record on DELETE, and stays DELETING with the reason while something cannot go', async () => {
    const world = run.fresh()
    const posted = await run.postThree()
    await run.run(posted)
    world.duringUndo = failAt('b', () => new ServiceError('UNAVAILABLE', 'the O-Cloud is away'))
    const marked = await run.change(posted, deleting)
    expect(await run.run(marked)).toEqual({ againInMs: 5_000 })
    const stuck = await run.now(posted)
    expect(stuck.phase).toBe('DELETING')
    expect(stuck.message).toMatch(/^two: could not be removed: the O-Cloud is away; tried again in 5 s/)
    // What can go is gone.
    expect([...world.things]).toEqual(['b'])
    world.duringUndo = async () => undefined
    expect(await run.run(marked)).toBe('done')
    expect(await run.requests.find(posted.provisioningRequestId)).toBeUndefined()
    expect(world.things.size).toBe(0)
  })

  it('does not ask a cluster that this request made, and that is gone, to give back what stood on it', async () => {
    const world = run.fresh()
    const posted = await run.post('with-a-cluster', { ...THREE_THINGS, one: 'cluster' })
    const cluster = { ...run.parts.steps.get('thing'), uses: 'kind-cluster' } as Step
    const [first, ...others] = run.three.steps
    const steps = first ? [{ ...first, uses: 'kind-cluster' }, ...others] : others
    const parts = {
      steps: new Map([
        ...run.parts.steps,
        ['kind-cluster', standsOn(cluster)],
        ['thing', standsOn(run.parts.steps.get('thing') as Step)],
      ]),
      catalogue: { find: async () => ({ ...run.three, steps }) },
    }
    await run.change(posted, (record) => ({
      record: {
        ...record,
        steps: record.steps.map((step, index) => (index === 0 ? { ...step, uses: 'kind-cluster' } : step)),
      },
      events: [],
    }))
    await run.run(posted, undefined, parts)
    world.duringUndo = failAt('c', () => new ServiceError('UNAVAILABLE', 'the cluster is broken'))
    const marked = await run.change(posted, deleting)
    expect(await run.run(marked, undefined, parts)).toBe('done')
    expect(await run.requests.find(posted.provisioningRequestId)).toBeUndefined()
    expect(world.calls.filter((call) => call.startsWith('undo'))).toEqual(['undo cluster'])
  })
})

/** The step, with what it makes standing on the O-Cloud "made-here". */
function standsOn(step: Step): Step {
  return { ...step, apply: async (...given) => ({ ...(await step.apply(...given)), oCloudId: 'made-here' }) }
}
