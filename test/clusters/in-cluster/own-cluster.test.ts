import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createOwnCluster } from '../../../src/clusters/in-cluster/own-cluster.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { createOCloudRegistry } from '../../../src/clusters/registry.ts'
import { createSimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import type { Store } from '../../../src/store/store.ts'
import { needs } from '../../harness/needs.ts'
import { createTestStore, plainConnection, silentLog, type TestStore } from '../../harness/redis.ts'

const TOKEN = 'marked-token-of-the-pod'
const SERVICE = '00000000-0000-4000-8000-000000000001'

describe('the cluster that the service runs in', needs('redis'), () => {
  let redis: TestStore
  let directory: string
  const closing: (() => Promise<void>)[] = []

  beforeEach(async () => {
    redis = await createTestStore()
    directory = await mkdtemp(join(tmpdir(), 'o2ims-account-'))
    await writeFile(join(directory, 'token'), `${TOKEN}\n`)
    await writeFile(join(directory, 'ca.crt'), 'no certificate')
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
    await redis.stop()
    await rm(directory, { recursive: true })
  })

  function registryOn(store: Store, name: string | undefined) {
    const log = silentLog()
    const registry = createOCloudRegistry({
      store,
      simulated: createSimulatedClusters({ store, log }),
      connect: (oCloud) => createKubernetesCluster({ ...oCloud, log }),
      own:
        name === undefined ? undefined : createOwnCluster({ name, directory, server: 'https://127.0.0.1:1' }, SERVICE),
      log,
      statusCacheSeconds: 0,
    })
    closing.push(() => registry.close())
    return registry
  }
  const refused = (code: string, words: RegExp) => ({ code, message: expect.stringMatching(words) })

  test('is registered once, however many processes start at the same time, and again after that', async () => {
    const stores = [redis.store, await redis.another(), await redis.another()]
    for (const store of stores.slice(1)) closing.push(() => store.close())
    const registries = stores.map((store) => registryOn(store, 'home'))
    await Promise.all(registries.map((registry) => registry.registerOwn()))
    await registryOn(redis.store, 'home').registerOwn()
    const { items } = await registryOn(redis.store, 'home').list({ limit: 10 })
    expect(items.map(({ value }) => value)).toMatchObject([{ name: 'home', simulated: false, managed: false }])
  })

  test('gets the new name of the settings, and another one is asked for when an O-Cloud has it', async () => {
    await registryOn(redis.store, 'home').registerOwn()
    const renamed = registryOn(redis.store, 'hearth')
    await renamed.registerOwn()
    const oCloudId = (await renamed.resolve('hearth')) ?? ''
    expect(await renamed.resolve('home')).toBeUndefined()
    expect((await renamed.get(oCloudId)).value).toMatchObject({ name: 'hearth' })
    await renamed.create({ name: 'edge', simulated: true })
    await expect(registryOn(redis.store, 'edge').registerOwn()).rejects.toMatchObject(
      refused('ALREADY_EXISTS', /^IN_CLUSTER_OCLOUD is edge, .*give it another name$/),
    )
  })

  test('needs the account of the pod, and says so', async () => {
    await rm(join(directory, 'token'))
    await expect(registryOn(redis.store, 'home').registerOwn()).rejects.toMatchObject(
      refused('UNAVAILABLE', /service account of this pod cannot be read.*automountServiceAccountToken: true/),
    )
  })

  test('has credentials for our tools, which come from the files each time and go to nobody', async () => {
    const registry = registryOn(redis.store, 'home')
    await registry.registerOwn()
    const oCloudId = (await registry.resolve('home')) ?? ''
    expect(await registry.credentials(oCloudId, 'tool')).toContain(TOKEN)
    await writeFile(join(directory, 'token'), 'the-next-token')
    expect(await registry.credentials(oCloudId, 'tool')).toContain('the-next-token')
    await expect(registry.kubeconfig(oCloudId)).rejects.toMatchObject(refused('FORBIDDEN', /does not come back/))
    await expect(registry.credentials(oCloudId, 'hand out')).rejects.toMatchObject(
      refused('FORBIDDEN', /is not handed on: register the cluster once more/),
    )
    const plain = plainConnection(redis.redis)
    try {
      const dumps = await Promise.all((await plain.keys('*')).map((key) => plain.dumpBuffer(key)))
      expect(dumps.length).toBeGreaterThan(0)
      for (const dump of dumps) expect(dump.includes(TOKEN)).toBe(false)
    } finally {
      plain.disconnect()
    }
  })

  test('can be described by clients, but not renamed, given a kubeconfig, or deleted', async () => {
    const registry = registryOn(redis.store, 'home')
    await registry.registerOwn()
    const oCloudId = (await registry.resolve('home')) ?? ''
    const described = await registry.replace(oCloudId, { name: 'home', labels: { tier: 'core' } })
    expect(described.value).toMatchObject({ name: 'home', labels: { tier: 'core' } })
    await expect(registry.replace(oCloudId, { name: 'other' })).rejects.toMatchObject(
      refused('IMMUTABLE', /^name belongs to the cluster that this service runs in.*IN_CLUSTER_OCLOUD/),
    )
    const kubeconfig = await registry.credentials(oCloudId, 'tool')
    await writeFile(join(directory, 'ca.crt'), '')
    await expect(
      registry.replace(oCloudId, {
        name: 'home',
        kubeconfig: kubeconfig.replace(/certificate-authority-data: .*/, ''),
      }),
    ).rejects.toMatchObject(refused('IMMUTABLE', /^kubeconfig .*taken from its service account/))
    await expect(registry.remove(oCloudId)).rejects.toMatchObject(
      refused('FORBIDDEN', /start the service without IN_CLUSTER_OCLOUD to remove it/),
    )
    expect(await registry.resolve('home')).toBe(oCloudId)
  })

  test('of a service that is no longer told of it is not reached, and can be deleted', async () => {
    await registryOn(redis.store, 'home').registerOwn()
    const registry = registryOn(redis.store, undefined)
    await registry.registerOwn()
    const oCloudId = (await registry.resolve('home')) ?? ''
    expect(await registry.status(oCloudId)).toMatchObject({
      reachable: false,
      message: expect.stringMatching(/started without IN_CLUSTER_OCLOUD: set it, or delete the O-Cloud$/),
    })
    await expect(registry.credentials(oCloudId, 'tool')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await registry.remove(oCloudId)
    expect(await registry.resolve('home')).toBeUndefined()
  })
})
