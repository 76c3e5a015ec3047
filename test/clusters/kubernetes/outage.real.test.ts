import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, Reach } from '../../../src/clusters/cluster.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { CONFIG_MAP, configMap, unique } from '../../conformance/cluster/arena.ts'
import { about, createWatchRecorder, type WatchRecorder } from '../../conformance/cluster/watch-recorder.ts'
import { type ControlPlane, startControlPlane } from '../../harness/control-plane.ts'
import { needs } from '../../harness/needs.ts'
import { silentLog } from '../../harness/redis.ts'

const RULES = [
  { apiGroups: [''], resources: ['configmaps', 'namespaces'], verbs: ['*'] },
  { apiGroups: ['rules.o2ims.dev'], resources: ['widgets'], verbs: ['*'] },
  { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['*'] },
]

const recorders: WatchRecorder[] = []

function record(...of: Parameters<typeof createWatchRecorder>): WatchRecorder {
  const recorder = createWatchRecorder(...of)
  recorders.push(recorder)
  return recorder
}

afterEach(async () => {
  for (const recorder of recorders.splice(0)) await recorder.stop()
})

describe('a watch on an API server that fails', needs('control-plane'), () => {
  let controlPlane: ControlPlane
  let user: { kubeconfig: string; name: string }
  let cluster: Cluster
  let namespace: string

  beforeAll(async () => {
    controlPlane = await startControlPlane()
    user = await controlPlane.user({ rules: RULES })
    cluster = createKubernetesCluster({ oCloudId: 'outage', kubeconfig: user.kubeconfig, log: silentLog() })
    namespace = unique('outage')
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  })
  afterAll(async () => {
    await cluster?.close()
    await controlPlane?.stop()
  })

  const lists = (since: number) =>
    controlPlane.audit.entries({ user: user.name, since, verbs: ['list'], resource: 'configmaps' }).length
  const watches = (since: number) =>
    controlPlane.audit.entries({ user: user.name, since, verbs: ['watch'], resource: 'configmaps' }).length

  test('that is killed and started again loses no change and lists at most once', async () => {
    const name = unique('kept')
    await cluster.apply(configMap(namespace, name, { x: '0' }))
    const watch = record(cluster, CONFIG_MAP, { namespace, name })
    await watch.synced()
    for (let round = 1; round <= 3; round += 1) {
      const since = Date.now()
      await controlPlane.kill()
      await controlPlane.restart()
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
      const answer = await controlPlane.client.call(
        'PATCH',
        path,
        { data: { x: `${round}` } },
        'application/merge-patch+json',
      )
      expect(answer.status).toBe(200)
      const seen = await watch.next(
        `round ${round}`,
        (event) => 'object' in event && dataOf(event.object).x === `${round}`,
        20_000,
      )
      expect(seen.type).toMatch(/ADDED|MODIFIED/)
      expect(lists(since)).toBeLessThanOrEqual(1)
      // One while the server was starting may have failed after it was logged.
      expect(watches(since)).toBeLessThanOrEqual(5)
    }
  })

  test('that is killed sees what was deleted meanwhile as DELETED, or as missing after a RESYNC', async () => {
    const [stays, goes] = [unique('stays'), unique('goes')]
    const labels = { outage: unique('o') }
    const selection = { namespace, labelSelector: `outage=${labels.outage}` }
    await cluster.apply(configMap(namespace, stays, {}, labels))
    await cluster.apply(configMap(namespace, goes, {}, labels))
    const watch = record(cluster, CONFIG_MAP, selection)
    await watch.synced()
    await controlPlane.kill()
    await controlPlane.restart()
    await controlPlane.client.call('DELETE', `/api/v1/namespaces/${namespace}/configmaps/${goes}`)
    await cluster.apply(configMap(namespace, 'after', {}, labels))
    await watch.next('a change after the outage', about('ADDED', 'after'), 20_000)
    expect(known(watch.events)).toEqual([stays, 'after'].sort())
  })

  test('that stands still for 5 seconds goes on as if nothing had been, without a listing', async () => {
    const name = unique('paused')
    const watch = record(cluster, CONFIG_MAP, { namespace, name })
    await watch.synced()
    await sleep(300)
    const since = Date.now()
    controlPlane.pause()
    const pending = cluster.apply(configMap(namespace, name, { x: '1' }))
    await sleep(5_000)
    controlPlane.resume()
    await pending
    await watch.next('the change', about('ADDED', name), 5_000)
    expect(lists(since)).toBe(0)
    expect(watches(since)).toBe(0)
    expect(watch.lines()).toEqual(['SYNCED', `ADDED ${name}`])
  })

  test('keeps a call waiting no longer than its limit, and says that it may be tried again', async () => {
    const impatient = createKubernetesCluster({
      oCloudId: 'outage',
      kubeconfig: user.kubeconfig,
      log: silentLog(),
      timeouts: { callMs: 1_000 },
    })
    await impatient.version()
    controlPlane.pause()
    try {
      const begun = Date.now()
      await expect(impatient.version()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      expect(Date.now() - begun).toBeLessThan(1_500)
    } finally {
      controlPlane.resume()
      await impatient.close()
    }
  })

  test('starts also when the server is away at that moment, and a call says that it is', async () => {
    const name = unique('late')
    await controlPlane.kill()
    const other = createKubernetesCluster({ oCloudId: 'outage', kubeconfig: user.kubeconfig, log: silentLog() })
    const watch = record(other, CONFIG_MAP, { namespace, name })
    await expect(other.version()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await expect(other.version()).rejects.toThrow(/ECONNREFUSED/)
    await controlPlane.restart()
    await watch.synced(20_000)
    await cluster.apply(configMap(namespace, name, {}))
    await watch.next('the change', about('ADDED', name))
    await other.close()
    expect(await watch.ended).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('never takes for a final refusal what a server says while it starts', async () => {
    await cluster.apply(widgetDefinition)
    const widgets = { apiVersion: 'rules.o2ims.dev/v1', kind: 'Widget' }
    await expect.poll(async () => await cluster.scope(widgets), { timeout: 10_000 }).toBe('Namespaced')
    const answers = new Map<string, number>()
    for (let round = 0; round < 4; round += 1) {
      let over = false
      const hammer = async () => {
        while (!over) {
          // A cluster of its own each time: nothing is cached, so the kind is asked for again too.
          const fresh = createKubernetesCluster({ oCloudId: 'outage', kubeconfig: user.kubeconfig, log: silentLog() })
          const answer = await fresh.list(widgets, { namespace }).then(
            () => 'listed',
            (error: Error & { code: string }) => (error.code === 'UNAVAILABLE' ? error.code : error.message),
          )
          answers.set(answer, (answers.get(answer) ?? 0) + 1)
          await fresh.close()
          await sleep(1)
        }
      }
      await controlPlane.kill()
      const hammering = Promise.all([hammer(), hammer(), hammer()])
      await controlPlane.restart()
      over = true
      await hammering
    }
    expect([...answers.keys()].sort()).toEqual(['UNAVAILABLE', 'listed'])
  })

  test('that says nothing is taken up again without a listing, and is away only when that fails', async () => {
    const reached: Reach[] = []
    const ends = new AbortController()
    const wary = createKubernetesCluster({
      oCloudId: 'outage',
      kubeconfig: user.kubeconfig,
      log: silentLog(),
      timeouts: { watchQuietMs: 500, callMs: 1_000 },
    })
    const onReach = (reach: Reach) => reached.push(reach)
    const watch = async () => {
      const events = wary.watch(CONFIG_MAP, { namespace, name: unique('nothing') }, ends.signal, { onReach })
      for await (const _ of events);
    }
    const ended = watch().catch((error: unknown) => error)
    await expect.poll(() => reached).toEqual([{ reachable: true }])
    const since = Date.now()
    await expect.poll(() => watches(since), { timeout: 10_000 }).toBeGreaterThan(3)
    expect([lists(since), reached]).toEqual([0, [{ reachable: true }]])
    controlPlane.pause()
    await expect.poll(() => reached.at(-1), { timeout: 10_000 }).toMatchObject({ reachable: false })
    controlPlane.resume()
    await expect.poll(() => reached.at(-1), { timeout: 10_000 }).toEqual({ reachable: true })
    ends.abort()
    await ended
    await wary.close()
  })

  test('that is quiet renews without listing, and tells the next change at once', async () => {
    const quick = createKubernetesCluster({
      oCloudId: 'outage',
      kubeconfig: user.kubeconfig,
      log: silentLog(),
      timeouts: { watchSeconds: 5 },
    })
    const name = unique('quiet')
    const watch = record(quick, CONFIG_MAP, { namespace, name })
    const long = record(cluster, CONFIG_MAP, { namespace, name })
    await Promise.all([watch.synced(), long.synced()])
    await sleep(500)
    const since = Date.now()
    await sleep(36_000)
    expect(lists(since)).toBe(0)
    // Renewals come every 4.5 to 5.5 seconds, from the one watch with the short limit only.
    expect(watches(since)).toBeGreaterThanOrEqual(5)
    expect(watches(since)).toBeLessThanOrEqual(9)
    const others = controlPlane.audit.entries({ user: user.name, since, verbs: ['get', 'list'] })
    expect(others).toEqual([])
    const written = Date.now()
    await cluster.apply(configMap(namespace, name, {}))
    const [one, two] = await Promise.all([
      watch.next('it', about('ADDED', name)),
      long.next('it', about('ADDED', name)),
    ])
    expect(Math.max(one.at, two.at) - written).toBeLessThan(1_000)
    expect(watch.lines()).toEqual(['SYNCED', `ADDED ${name}`])
    await quick.close()
  })
})

describe('a watch whose history is gone', needs('control-plane'), () => {
  let controlPlane: ControlPlane
  let cluster: Cluster

  beforeAll(async () => {
    // Without its cache the API server knows no more than etcd, so that a compaction is felt at the next renewal.
    controlPlane = await startControlPlane({ serverArguments: ['--watch-cache=false'] })
    cluster = createKubernetesCluster({
      oCloudId: 'compacted',
      kubeconfig: controlPlane.kubeconfig,
      log: silentLog(),
      timeouts: { watchSeconds: 3 },
    })
  })
  afterAll(async () => {
    await cluster?.close()
    await controlPlane?.stop()
  })

  test('says RESYNC, names what is there, says SYNCED, and goes on', async () => {
    const label = unique('c')
    const selection = { namespace: 'default', labelSelector: `c=${label}` }
    await cluster.apply(configMap('default', 'a', { x: '1' }, { c: label }))
    await cluster.apply(configMap('default', 'b', { x: '1' }, { c: label }))
    const watch = record(cluster, CONFIG_MAP, selection)
    await watch.synced()
    const since = Date.now()
    // Others write on, and etcd forgets how it was when this watch last heard something.
    for (let index = 0; index < 5; index += 1) await cluster.apply(configMap('default', unique('other'), {}))
    await controlPlane.compact()
    await watch.next('RESYNC', (event) => event.type === 'RESYNC', 15_000)
    await watch.synced()
    expect(watch.lines()).toEqual(['ADDED a', 'ADDED b', 'SYNCED', 'RESYNC', 'ADDED a', 'ADDED b', 'SYNCED'])
    await cluster.delete({ ...CONFIG_MAP, namespace: 'default', name: 'a' })
    await watch.next('a deleted', about('DELETED', 'a'))
    const relists = controlPlane.audit
      .entries({ user: 'admin', since, verbs: ['list'], resource: 'configmaps' })
      .filter(({ uri }) => uri.includes(encodeURIComponent(`c=${label}`)))
    expect(relists).toHaveLength(1)
  })
})

const widgetDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.rules.o2ims.dev' },
  spec: {
    group: 'rules.o2ims.dev',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}

/** What a consumer that obeys RESYNC and SYNCED believes to be there. */
function known(events: readonly { type: string; object?: { metadata: { name: string } } }[]): string[] {
  let names = new Set<string>()
  let listing: Set<string> | undefined
  for (const event of events) {
    if (event.type === 'RESYNC') listing = new Set()
    else if (event.type === 'SYNCED') {
      names = listing ?? names
      listing = undefined
    } else if (event.object !== undefined) {
      for (const set of [names, ...(listing ? [listing] : [])]) {
        if (event.type === 'DELETED') set.delete(event.object.metadata.name)
        else set.add(event.object.metadata.name)
      }
    }
  }
  return [...names].sort()
}

function dataOf(object: { [key: string]: unknown }): Record<string, unknown> {
  const { data } = object
  return typeof data === 'object' && data !== null ? { ...data } : {}
}
