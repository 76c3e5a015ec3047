import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import { isCurrent } from '../../../src/clusters/readiness.ts'
import { createSimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { createTestStore, silentLog, type TestStore } from '../../harness/redis.ts'

const COUNT = 1000
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }

let testStore: TestStore
let cluster: Cluster
let controllers: { stop(): Promise<void> }

beforeAll(async () => {
  testStore = await createTestStore()
  const clusters = createSimulatedClusters({ store: testStore.store, log: silentLog() })
  await clusters.initialise('o-1')
  controllers = clusters.startControllers()
  cluster = clusters.open('o-1')
})
afterAll(async () => {
  await controllers.stop()
  await testStore.stop()
})

function deployment(namespace: string): KubernetesObject {
  const labels = { app: 'du' }
  const container = { name: 'c', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu: '10m' } } }
  return {
    ...DEPLOYMENT,
    metadata: { name: 'du', namespace },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
  }
}

async function until(namespace: string, fits: (object: KubernetesObject) => boolean): Promise<number> {
  let events = 0
  const abort = new AbortController()
  for await (const event of cluster.watch(DEPLOYMENT, { namespace, name: 'du' }, abort.signal)) {
    events += 1
    if ('object' in event && fits(event.object)) return events
  }
  return events
}

test('a thousand who wait at once on one cluster each hear of their own Deployment only, and cheaply', async () => {
  const namespaces = Array.from({ length: COUNT }, (_, index) => `load-${index}`)
  const [began, used] = [performance.now(), process.cpuUsage()]
  const events = await Promise.all(
    namespaces.map(async (namespace) => {
      await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      const waiting = until(namespace, (object) => isCurrent(object).current)
      await cluster.apply(deployment(namespace))
      return waiting
    }),
  )
  const { user, system } = process.cpuUsage(used)
  const wall = (performance.now() - began) / 1000
  const cpu = (user + system) / 1e6
  process.stdout.write(
    `${COUNT} Deployments watched to Available: ${wall.toFixed(1)} s, ${cpu.toFixed(1)} CPU seconds\n`,
  )
  // SYNCED, the object, and a handful of statuses: nobody is told of the other 999.
  expect(Math.max(...events)).toBeLessThan(10)
  // Measured: 1.6 s. Ten times that is a watch that costs in proportion to those who wait.
  expect(cpu).toBeLessThan(20)
}, 60_000)
