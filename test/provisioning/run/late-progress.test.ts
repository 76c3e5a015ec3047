import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import type { StepContext } from '../../../src/provisioning/steps/step.ts'
import { startThingRuns, type ThingRuns } from '../../harness/run.ts'

/** Longer than progress is held back. */
const TOLD_MS = 400

let run: ThingRuns
beforeAll(async () => {
  run = await startThingRuns()
})
afterAll(() => run?.stop())
beforeEach(() => run.fresh())

async function told(record: ProvisioningRecord): Promise<{ state: string; message: string }[]> {
  const { entries } = await run.requests.collection.log(record.provisioningRequestId)
  return entries.flatMap(({ event, data }) => (event === 'step' && Object(data).step === 'one' ? [Object(data)] : []))
}

/** `context` is that of a try which is over. */
async function tellLate(context: StepContext | undefined, now: StepContext): Promise<void> {
  context?.progress(99, 'late')
  now.progress(10, 'in time')
  await sleep(TOLD_MS)
  await now.fence()
}

describe('what is told of a step', () => {
  it('changes nothing once the step has ended', async () => {
    let first: StepContext | undefined
    run.world.duringApply = async (name, context) => {
      if (name === 'a') first = context
      if (name === 'b') await tellLate(first, context)
    }
    const posted = await run.postThree()
    await run.run(posted)
    const words = await told(posted)
    expect(words.map(({ message }) => message)).not.toContain('late')
    expect(words.filter(({ state }) => state === 'SUCCEEDED')).toHaveLength(1)
    const record = await run.now(posted)
    expect(record.phase).toBe('FULFILLED')
    expect(record.steps[0]).toMatchObject({ state: 'SUCCEEDED', percent: 100, message: '1 object, 1 changed' })
  })

  it('changes nothing once the next try has begun, which tells of itself', async () => {
    let first: StepContext | undefined
    run.world.duringApply = async (name, context) => {
      if (name !== 'a') return
      if (first) return tellLate(first, context)
      first = context
      throw new ServiceError('APPLY_FAILED', 'the O-Cloud is away', { retryable: true })
    }
    const posted = await run.postThree()
    await run.run(posted)
    const words = (await told(posted)).map(({ message }) => message)
    expect(words).toContain('in time (try 2)')
    expect(words).not.toContain('late')
    expect((await run.now(posted)).phase).toBe('FULFILLED')
  })
})
