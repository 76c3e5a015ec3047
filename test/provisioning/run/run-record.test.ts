import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimed, stepChanged } from '../../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import { createRunRecord, type RunRecord } from '../../../src/provisioning/run/run-record.ts'
import { silentLog } from '../../harness/redis.ts'
import { startThingRuns, type ThingRuns } from '../../harness/run.ts'

const clock = () => new Date()
const message = (name: string, text: string) => (record: ProvisioningRecord) =>
  stepChanged(record, name, { state: 'RUNNING', message: text }, clock)

let run: ThingRuns
beforeAll(async () => {
  run = await startThingRuns()
})
afterAll(() => run?.stop())

/** What `work` starts while a write of the run is under way, which waits for it. */
async function whileWriting(work: (recorded: RunRecord) => void) {
  const underWay = Promise.withResolvers<void>()
  const goesOn = Promise.withResolvers<void>()
  const { collection } = run.requests
  const replace: typeof collection.replace = async (...write) => {
    underWay.resolve()
    await goesOn.promise
    return collection.replace(...write)
  }
  const claimed = await claimedRun({ ...run.requests, collection: { ...collection, replace } })
  const first = claimed.recorded.write(message('one', 'first'))
  await underWay.promise
  work(claimed.recorded)
  goesOn.resolve()
  await first
  return claimed
}

async function claimedRun(requests = run.requests) {
  const posted = await run.postThree()
  const record = await run.requests.update(posted.provisioningRequestId, (now) => claimed(now, clock))
  const messages = async () => {
    const { entries } = await run.requests.collection.log(posted.provisioningRequestId)
    return entries.flatMap(({ data }) => JSON.stringify(data).match(/"message":"(\w+)"/)?.[1] ?? '').slice(2)
  }
  const recorded = createRunRecord(requests, record, new AbortController().signal, silentLog())
  return { posted, record, recorded, messages }
}

describe('the record of a run', () => {
  it('writes what waits in one go, with the events of each change in order', async () => {
    const { posted, recorded, messages } = await claimedRun()
    const before = await run.requests.collection.version()
    const first = recorded.write(message('one', 'one'))
    await Promise.all([first, recorded.write(message('one', 'two')), recorded.write(message('two', 'three'))])
    expect(await messages()).toEqual(['one', 'two', 'three'])
    expect((await run.requests.collection.version()) - before).toBeLessThanOrEqual(2)
    expect((await run.now(posted)).n).toBe(recorded.current.n)
  })

  it('shows at once what it carries, and stores it with the next write', async () => {
    const { posted, record, recorded, messages } = await claimedRun()
    recorded.carry(message('one', 'carried'))
    expect(recorded.current.steps[0]?.message).toBe('carried')
    expect((await run.now(posted)).n).toBe(record.n)
    await recorded.write(message('two', 'written'))
    expect(await messages()).toEqual(['carried', 'written'])
    const { n } = await run.now(posted)
    expect(n).toBeGreaterThan(record.n)
    await recorded.settle()
    expect((await run.now(posted)).n).toBe(n)
  })

  it('keeps what it carries when others have written in between, and when the change that it would go with is refused', async () => {
    const { posted, recorded, messages } = await claimedRun()
    recorded.carry(message('one', 'carried'))
    const refused = recorded.write(() => {
      throw new Error('not now')
    })
    await expect(refused).rejects.toThrow('not now')
    await run.requests.update(posted.provisioningRequestId, (now) => ({
      record: { ...now, cancelRequested: true },
      events: [],
    }))
    await recorded.settle()
    expect(await messages()).toEqual(['carried'])
    expect(await run.now(posted)).toMatchObject({ cancelRequested: true, steps: [{ message: 'carried' }, {}, {}] })
  })

  it('makes what is carried after a write that waits, not before it', async () => {
    const { posted, recorded, messages } = await whileWriting((recorded) => {
      void recorded.write((record) => stepChanged(record, 'one', { percent: 75, message: 'progress' }, clock))
      recorded.carry((record) => stepChanged(record, 'one', { state: 'SUCCEEDED', message: 'end' }, clock))
      expect(recorded.current.steps[0]).toMatchObject({ state: 'SUCCEEDED', percent: 100, message: 'end' })
    })
    expect(recorded.current.steps[0]).toMatchObject({ state: 'SUCCEEDED', percent: 100, message: 'end' })
    await recorded.write(message('two', 'next'))
    expect(await messages()).toEqual(['first', 'progress', 'end', 'next'])
    expect((await run.now(posted)).steps[0]).toMatchObject({ state: 'SUCCEEDED', percent: 100, message: 'end' })
  })

  it('makes all changes in the order of the calls, whoever waits for which, and whoever else writes', async () => {
    const calls = fc.array(fc.constantFrom('write', 'written', 'carry', 'settle', 'turn', 'other'), { maxLength: 12 })
    const property = fc.asyncProperty(calls, async (all) => {
      const { posted, recorded, messages } = await claimedRun()
      const expected: string[] = []
      const next = () => {
        const text = `m${expected.length}`
        expected.push(text)
        return message('one', text)
      }
      const others = () => run.requests.update(posted.provisioningRequestId, (record) => ({ record, events: [] }))
      for (const call of all) {
        if (call === 'write') void recorded.write(next())
        else if (call === 'written') await recorded.write(next())
        else if (call === 'carry') recorded.carry(next())
        else if (call === 'settle') await recorded.settle()
        else if (call === 'other') await others()
        else await new Promise(setImmediate)
      }
      await recorded.write(next())
      expect(await messages()).toEqual(expected)
      expect(recorded.current).toEqual(await run.now(posted))
    })
    await fc.assert(property, { numRuns: 30 })
  })

  it('writes nothing for a change that leaves the record alone', async () => {
    const { posted, record, recorded, messages } = await claimedRun()
    expect((await recorded.write(() => undefined)).n).toBe(record.n)
    recorded.carry(() => undefined)
    await recorded.settle()
    expect((await run.now(posted)).n).toBe(record.n)
    await recorded.write(message('one', 'written'))
    expect(await messages()).toEqual(['written'])
  })

  it('gives up what it carries and can not make any more, and fails the write after it, once', async () => {
    const { posted, recorded, messages } = await claimedRun()
    let made = 0
    recorded.carry((record) => {
      if (made++ > 0) throw new Error('not any more')
      return message('one', 'carried')(record)
    })
    const writes = [recorded.write(message('two', 'after')), recorded.write(message('two', 'too'))]
    expect(await Promise.allSettled(writes)).toMatchObject(
      writes.map(() => ({ status: 'rejected', reason: { message: 'not any more' } })),
    )
    expect(recorded.current.steps[0]?.message).toBeUndefined()
    await recorded.settle()
    await recorded.write(message('two', 'later'))
    expect(await messages()).toEqual(['later'])
    expect(recorded.current).toEqual(await run.now(posted))
  })
})
