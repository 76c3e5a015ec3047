import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import { Interruption } from '../../../src/provisioning/run/interruption.ts'
import { createTestStore, type TestStore } from '../../harness/redis.ts'
import { createTestRun, type TestRun, thingTemplate } from '../../harness/run.ts'

let testStore: TestStore
let run: TestRun
let count = 0
beforeAll(async () => {
  testStore = await createTestStore()
  run = await createTestRun(testStore.store, new Map([['things/1.0.0', thingTemplate(['one', 'two'])]]))
})
afterAll(() => testStore.stop())
beforeEach(() => {
  run.world.calls.length = 0
})

const parameters = { one: 'a', two: 'b', target: 'X' }
const post = (retries?: number) => run.post(`retries-${++count}`, parameters, retries === undefined ? {} : { retries })
const read = ({ provisioningRequestId }: ProvisioningRecord) => run.requests.get(provisioningRequestId)
const tried = () => run.world.calls.filter((call) => call === 'apply a').length

/** The O-Cloud is away for so many tries of the first step. */
function awayFor(times: number, onFailure: () => void = () => undefined): void {
  let left = times
  run.world.duringApply = async (name) => {
    if (name !== 'a' || left-- <= 0) return
    onFailure()
    throw new ServiceError('APPLY_FAILED', 'the O-Cloud is away', { retryable: true })
  }
}

async function messagesOf(record: ProvisioningRecord): Promise<string[]> {
  const { entries } = await run.requests.collection.log(record.provisioningRequestId)
  return entries.flatMap(({ event, data }) => (event === 'step' ? [String(Object(data).message)] : []))
}

describe('options.retries', () => {
  it('says in the message of the step which try comes next, of how many', async () => {
    awayFor(1)
    const posted = await post(3)
    await run.run(posted)
    expect((await read(posted)).phase).toBe('FULFILLED')
    expect(await messagesOf(posted)).toContain('try 2 of 4 follows: the O-Cloud is away')
    awayFor(1)
    const unlimited = await post()
    await run.run(unlimited)
    expect(await messagesOf(unlimited)).toContain('try 2 follows: the O-Cloud is away')
  })

  it('fails when they are used up', async () => {
    awayFor(9)
    const posted = await post(1)
    await run.run(posted)
    expect(tried()).toBe(2)
    expect((await read(posted)).error).toMatchObject({
      code: 'APPLY_FAILED',
      step: 'one',
      cause: 'the O-Cloud is away (2 of 2 tries)',
    })
  })

  it('of 0 never tries again', async () => {
    awayFor(9)
    const posted = await post(0)
    await run.run(posted)
    expect(tried()).toBe(1)
    expect((await read(posted)).error).toMatchObject({ code: 'APPLY_FAILED', cause: 'the O-Cloud is away' })
  })

  it('never tries again what cannot pass', async () => {
    run.world.duringApply = async (name) => {
      if (name === 'a') throw new ServiceError('CONFLICT', 'somebody else owns it')
    }
    const posted = await post(5)
    await run.run(posted)
    expect(tried()).toBe(1)
    expect((await read(posted)).error).toMatchObject({ code: 'CONFLICT' })
  })

  it('are counted on when another worker takes over', async () => {
    const shutdown = new AbortController()
    const stop = () => setTimeout(() => shutdown.abort(new Interruption('shutdown', 'stopping')), 50)
    awayFor(9, stop)
    const posted = await post(1)
    expect(await run.run(posted, shutdown.signal)).toBe('requeue')
    expect((await read(posted)).steps[0]).toMatchObject({ state: 'RUNNING', tries: 1 })
    await run.run(posted)
    expect(tried()).toBe(2)
    expect((await read(posted)).error).toMatchObject({ cause: 'the O-Cloud is away (2 of 2 tries)' })
  })
})
