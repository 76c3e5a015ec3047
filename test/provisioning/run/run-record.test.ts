import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimed, stepChanged } from '../../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import { createRunRecord } from '../../../src/provisioning/run/run-record.ts'
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

async function claimedRun() {
  const posted = await run.postThree()
  const record = await run.requests.update(posted.provisioningRequestId, (now) => claimed(now, clock))
  const messages = async () => {
    const { entries } = await run.requests.collection.log(posted.provisioningRequestId)
    return entries.flatMap(({ data }) => JSON.stringify(data).match(/"message":"(\w+)"/)?.[1] ?? '').slice(2)
  }
  const recorded = createRunRecord(run.requests, record, new AbortController().signal, silentLog())
  return { posted, record, recorded, messages }
}

describe('the record of a run', () => {
  it('writes what waits in one go, with the events of each change in order', async () => {
    const { record, recorded, messages } = await claimedRun()
    const first = recorded.write(message('one', 'one'))
    await Promise.all([first, recorded.write(message('one', 'two')), recorded.write(message('two', 'three'))])
    expect(await messages()).toEqual(['one', 'two', 'three'])
    expect(recorded.current.n - record.n).toBeLessThanOrEqual(2)
  })

  it('shows at once what it carries, and stores it with the next write', async () => {
    const { posted, record, recorded, messages } = await claimedRun()
    recorded.carry(message('one', 'carried'))
    expect(recorded.current.steps[0]?.message).toBe('carried')
    expect((await run.now(posted)).n).toBe(record.n)
    await recorded.write(message('two', 'written'))
    expect(await messages()).toEqual(['carried', 'written'])
    expect((await run.now(posted)).n).toBe(record.n + 1)
    await recorded.settle()
    expect((await run.now(posted)).n).toBe(record.n + 1)
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
})
