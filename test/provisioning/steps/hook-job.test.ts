import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSimulatedClusters, type SimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { waitForJob } from '../../../src/provisioning/steps/hook-job.ts'
import { jobThatCannotStart } from '../../harness/failed-job.ts'
import { needs } from '../../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../../harness/redis.ts'

describe('the Job of a hook', needs('redis'), () => {
  let testStore: TestStore
  let clusters: SimulatedClusters
  beforeAll(async () => {
    testStore = await createTestStore()
    clusters = createSimulatedClusters({ store: testStore.store, log: silentLog() })
    await clusters.initialise('edge')
  })
  afterAll(() => testStore?.stop())

  test('that cannot start says why, not only its exit code', async () => {
    const cluster = clusters.open('edge')
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ran' } })
    const job = await jobThatCannotStart(cluster, 'ran')
    const waiting = { signal: new AbortController().signal, progress: () => undefined }
    await expect(waitForJob(cluster, job, { timeoutSeconds: 30 }, waiting)).rejects.toMatchObject({
      code: 'PROVISIONING_FAILED',
      message: expect.stringMatching(
        /^Job ran\/smoke failed: BackoffLimitExceeded: .*; pod smoke-x2x4z, container hook: ended with exit code 128: StartError: .*stat \/nope: no such file or directory/,
      ),
    })
  })
})
