import { expect, test } from 'vitest'
import { changesOf, changesOfRemoval } from '../../src/provisioning/changes.ts'
import { created, deleting, enterPhase, stepChanged } from '../../src/provisioning/lifecycle.ts'
import type { ProvisioningEvent, ProvisioningRecord } from '../../src/provisioning/record.ts'
import { thingTemplate } from '../harness/run.ts'

const clock = () => new Date('2026-11-23T10:00:00Z')
const data = {
  provisioningRequestId: 'r',
  name: 'a name',
  description: '',
  templateName: 'things',
  templateVersion: '1.0.0',
}
const posted = created(
  {
    data,
    sentHash: 'hash',
    parameters: {},
    oCloudIds: [],
    simulated: false,
    template: thingTemplate(['one', 'two']),
  },
  'reference',
  clock,
)
const about = {
  provisioningRequestId: 'r',
  provisioningRequestReference: 'reference',
  name: 'a name',
  templateName: 'things',
  templateVersion: '1.0.0',
  generation: 1,
  at: '2026-11-23T10:00:00.000Z',
}

function told(before: ProvisioningRecord, ...changes: Parameters<typeof stepChanged>[2][]) {
  let record = before
  return changes.map((change) => {
    const next = stepChanged(record, 'one', change, clock)
    const changed = changesOf(record, next)
    record = next.record
    return changed.map(({ data }) => data)
  })
}

test('a phase is told with the one before it, and with what it says of the end', () => {
  expect(changesOf(undefined, posted)).toEqual([
    {
      kind: 'provisioning',
      data: { ...about, event: 'phase', provisioningPhase: 'PENDING', message: expect.any(String) },
    },
  ])
  const failed = {
    ...posted.record,
    error: { code: 'TIMEOUT', exitCode: 7, step: 'one', cause: 'too slow', undone: [], left: [] },
  } as const satisfies ProvisioningRecord
  const [change] = changesOf(posted.record, enterPhase(failed, 'FAILED', 'one: too slow', clock))
  expect(change?.data).toMatchObject({
    provisioningPhase: 'FAILED',
    priorProvisioningPhase: 'PENDING',
    error: { code: 'TIMEOUT', step: 'one', cause: 'too slow' },
  })
})

test('a step is told when its state is another one, and not when it only gets on', () => {
  const steps = told(
    posted.record,
    { state: 'RUNNING' },
    { percent: 30, message: '1 of 3' },
    { percent: 60, message: '2 of 3' },
    { state: 'SUCCEEDED', message: 'ready' },
  )
  expect(steps).toMatchObject([
    [{ ...about, event: 'step', step: 'one', uses: 'thing', priorState: 'PENDING', state: 'RUNNING' }],
    [],
    [],
    [{ priorState: 'RUNNING', state: 'SUCCEEDED', message: 'ready' }],
  ])
})

test('that a request is gone is told once, with what was left behind', () => {
  const record = deleting(posted.record, clock)?.record ?? posted.record
  const end: ProvisioningEvent = { event: 'end', data: { deleted: true, left: [] } }
  expect(changesOfRemoval(record, [end])).toEqual([
    {
      kind: 'provisioning',
      data: { ...about, at: undefined, event: 'end', generation: 2, deleted: true, left: [] },
    },
  ])
})
