import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import { createStepContext } from '../../../src/provisioning/run/step-context.ts'
import { KEYS } from '../../../src/store/keys.ts'
import { needs } from '../../harness/needs.ts'
import { createTestStore, plainConnection, silentLog, type TestStore } from '../../harness/redis.ts'
import { portsThatAreNotUsed } from '../../harness/run.ts'

const AT = '2026-01-01T00:00:00Z'
const record: ProvisioningRecord = {
  provisioningRequestId: 'one',
  reference: 'r-1',
  createdAt: AT,
  generation: 1,
  epoch: 1,
  n: 1,
  data: { provisioningRequestId: 'one', name: 'n', description: '', templateName: 't', templateVersion: '1' },
  sentHash: '',
  parameters: {},
  oCloudIds: [],
  simulated: true,
  phase: 'PROGRESSING',
  message: '',
  updateTime: AT,
  deadline: AT,
  result: 'resources',
  percent: 0,
  currentStep: null,
  steps: [],
  retired: [],
}

describe('the context of a step', needs('redis'), () => {
  let store: TestStore
  beforeAll(async () => {
    store = await createTestStore()
  })
  afterAll(() => store?.stop())

  test('who works alone on an O-Cloud is told when the lock is lost, and writes nothing more', async () => {
    const run = new AbortController()
    let fenced = 0
    const context = createStepContext({
      ports: { ...portsThatAreNotUsed(), locks: store.store.locks },
      record: () => record,
      step: 'shared',
      signal: run.signal,
      log: silentLog(),
      progress: () => undefined,
      checkpoint: async () => undefined,
      fence: async () => {
        fenced++
      },
    })
    await context.alone('edge', async (held) => {
      expect(held.deadline).toBe(record.deadline)
      await held.fence()
      expect(fenced).toBe(1)
      const redis = plainConnection(store.redis)
      await redis.set(KEYS.lock('ocloud:edge'), 'somebody else')
      while (!held.signal.aborted) await sleep(50)
      await expect(held.fence()).rejects.toThrow(/lock ocloud:edge was lost/)
      redis.disconnect()
    })
    expect(fenced).toBe(1)
    expect(run.signal.aborted).toBe(false)
  })
})
