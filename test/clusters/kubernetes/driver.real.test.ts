import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { credentialsOf } from '../../../src/clusters/kubernetes/kubeconfig.ts'
import { CONFIG_MAP, configMap, NAMESPACE, unique } from '../../conformance/cluster/arena.ts'
import { about, createWatchRecorder } from '../../conformance/cluster/watch-recorder.ts'
import { type ControlPlane, startControlPlane } from '../../harness/control-plane.ts'
import { missing, needs } from '../../harness/needs.ts'
import { silentLog } from '../../harness/redis.ts'

const log = silentLog()

describe('the kubernetes driver', needs('control-plane'), () => {
  let controlPlane: ControlPlane
  let cluster: Cluster
  let namespace: string

  beforeAll(async () => {
    controlPlane = await startControlPlane({
      parts: ['controller-manager'],
      clientCertificates: missing('openssl') === undefined,
    })
    cluster = createKubernetesCluster({ oCloudId: 'real', kubeconfig: controlPlane.kubeconfig, log })
    namespace = unique('driver')
    await cluster.apply({ ...NAMESPACE, metadata: { name: namespace } })
  })
  afterAll(async () => {
    await cluster?.close()
    await controlPlane?.stop()
  })

  test('reaches the server with a client certificate', needs('openssl'), async () => {
    const kubeconfig = controlPlane.certificateUser('operator', ['system:masters'])
    const other = createKubernetesCluster({ oCloudId: 'real', kubeconfig, log })
    const name = unique('cert')
    await other.apply(configMap(namespace, name, {}))
    await other.close()
    expect(controlPlane.audit.writes({ user: 'operator' })).toMatchObject([{ verb: 'patch', name }])
  })

  test('does not talk to a server whose certificate is from another CA', needs('openssl'), async () => {
    const other = await startControlPlane()
    try {
      const kubeconfig = other.kubeconfig.replace(other.server, controlPlane.server)
      const wrong = createKubernetesCluster({ oCloudId: 'real', kubeconfig, log })
      await expect(wrong.version()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(wrong.version()).rejects.toThrow(/certificate/)
      await wrong.close()
    } finally {
      await other.stop()
    }
  })

  test('says what RBAC forbids in the words of the server, and writes nothing', async () => {
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }]
    const reader = await controlPlane.user({ rules })
    const other = createKubernetesCluster({ oCloudId: 'real', kubeconfig: reader.kubeconfig, log })
    const refusal = other.apply(configMap(namespace, 'forbidden', {}))
    await expect(refusal).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
    await expect(refusal).rejects.toThrow(
      /ConfigMap "forbidden" .*forbidden: User .* cannot patch resource "configmaps".*its account may not patch configmaps in namespace/,
    )
    await expect(other.list({ apiVersion: 'v1', kind: 'Secret' })).rejects.toThrow(/cannot list resource "secrets"/)
    await expect(other.delete({ ...CONFIG_MAP, namespace, name: 'x' })).rejects.toMatchObject({ code: 'APPLY_FAILED' })
    const watch = createWatchRecorder(other, { apiVersion: 'v1', kind: 'Secret' }, {})
    expect(await watch.ended).toMatchObject({ code: 'APPLY_FAILED' })
    const allowed = createWatchRecorder(other, CONFIG_MAP, { namespace })
    await allowed.synced()
    await allowed.stop()
    await other.close()
  })

  test('says that a token is not taken', async () => {
    const kubeconfig = controlPlane.kubeconfig.replace(/token: .*/, 'token: wrong-token')
    const other = createKubernetesCluster({ oCloudId: 'real', kubeconfig, log })
    await expect(other.list(NAMESPACE)).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: false })
    await expect(other.list(NAMESPACE)).rejects.toThrow(/Unauthorized/)
    await other.close()
  })

  test('names the field managers that own what it wants to change, and takes it only by force', async () => {
    const name = unique('owned')
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
    await controlPlane.client.applyAs('somebody', path, configMap(namespace, name, { x: 'theirs' }))
    const refusal = cluster.apply(configMap(namespace, name, { x: 'ours' }))
    await expect(refusal).rejects.toMatchObject({ code: 'CONFLICT', retryable: false })
    await expect(refusal).rejects.toThrow(/"somebody" owns \.data\.x/)
    const absent = cluster.apply(configMap(namespace, name, { x: 'ours' }), { expect: 'absent' })
    await expect(absent).rejects.toThrow(/exists already \("somebody" owns \.data\.x\)/)
    const forced = await cluster.apply(configMap(namespace, name, { x: 'ours' }), { force: true })
    expect(forced.data).toEqual({ x: 'ours' })
  })

  test("expect 'absent' by force does not take over either", async () => {
    const name = unique('owned')
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
    await controlPlane.client.applyAs('somebody', path, configMap(namespace, name, { x: 'theirs' }))
    await expect(
      cluster.apply(configMap(namespace, name, { x: 'ours' }), { expect: 'absent', force: true }),
    ).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await cluster.get({ ...CONFIG_MAP, namespace, name }))?.data).toEqual({ x: 'theirs' })
  })

  test('an identical apply with the expected uid changes nothing, in the audit log neither a version nor an object', async () => {
    const name = unique('same')
    const made = await cluster.apply(configMap(namespace, name, { x: '1' }), { expect: 'absent' })
    const uid = made.metadata.uid ?? ''
    const again = await cluster.apply(configMap(namespace, name, { x: '1' }), { expect: { uid } })
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion)
    expect(again.metadata.managedFields).toEqual(made.metadata.managedFields)
  })

  test('every write of a dry run says so in the audit log', async () => {
    const since = Date.now()
    const name = unique('dry')
    await cluster.apply(configMap(namespace, name, {}), { dryRun: true })
    await cluster.apply(configMap(namespace, name, {}), { dryRun: true, expect: 'absent' })
    const there = unique('there')
    await controlPlane.client.applyAs(
      'somebody',
      `/api/v1/namespaces/${namespace}/configmaps/${there}`,
      configMap(namespace, there, {}),
    )
    await cluster.delete({ ...CONFIG_MAP, namespace, name: there }, { dryRun: true })
    const ours = controlPlane.audit.entries({ user: 'admin', since, verbs: ['patch', 'delete', 'create', 'update'] })
    expect(ours.map(({ verb, dryRun }) => `${verb} ${dryRun}`)).toEqual(['patch true', 'patch true', 'delete true'])
    expect(controlPlane.audit.writes({ user: 'admin', since })).toEqual([])
  })

  test('into a namespace that is ending may be tried again', async () => {
    const ending = unique('ending')
    await cluster.apply({ ...NAMESPACE, metadata: { name: ending } })
    const held = configMap(ending, 'held', {})
    held.metadata.finalizers = ['o2ims.dev/test']
    await cluster.apply(held)
    await cluster.delete({ ...NAMESPACE, name: ending })
    const refusal = cluster.apply(configMap(ending, 'late', {}))
    await expect(refusal).rejects.toMatchObject({ code: 'APPLY_FAILED', retryable: true })
    await expect(refusal).rejects.toThrow(/being terminated/)
    await cluster.apply(configMap(ending, 'held', {}))
  })

  test('does not repeat the values of a Secret that is refused, and logs nothing of them', async () => {
    const lines: string[] = []
    const spy = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) })
    const { kubeconfig } = controlPlane
    const other = createKubernetesCluster({ oCloudId: 'real', kubeconfig, log: spy })
    const secret = (more: Record<string, unknown>): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'marked', namespace },
      ...more,
    })
    const bad = [
      secret({ data: { key: 'marked-secret-not-base64!' } }),
      secret({ stringData: { key: { deep: 'marked-secret' } } }),
      secret({ stringData: { key: 12345678 } }),
      secret({ type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'marked-secret', 'tls.key': 'marked-secret' } }),
      secret({ type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'marked-secret' } }),
      secret({ stringData: { 'bad key!': 'marked-secret' } }),
    ]
    const told: string[] = []
    for (const object of bad) {
      const error: unknown = await other.apply(object).then(
        () => undefined,
        (refusal: unknown) => refusal,
      )
      if (error === undefined) await other.delete({ apiVersion: 'v1', kind: 'Secret', namespace, name: 'marked' })
      else expect(error).toMatchObject({ code: 'APPLY_FAILED', retryable: false })
      told.push(error instanceof Error ? `${error.message} ${String(error.cause)} ${error.stack}` : '')
    }
    expect(told.filter((text) => text !== '').length).toBeGreaterThanOrEqual(3)
    for (const hidden of ['marked-secret', '12345678', ...credentialsOf(kubeconfig)]) {
      expect(told.join('\n')).not.toContain(hidden)
      expect(lines.join('\n')).not.toContain(hidden)
    }
    await other.close()
  })

  test('lists and watches more objects than one page holds', async () => {
    const app = unique('many')
    const many = Array.from({ length: 620 }, (_, index) => configMap(namespace, `${app}-${index}`, {}, { app }))
    for (let index = 0; index < many.length; index += 20) {
      await Promise.all(many.slice(index, index + 20).map((object) => cluster.apply(object)))
    }
    const selection = { namespace, labelSelector: `app=${app}` }
    const names = (await cluster.list(CONFIG_MAP, selection)).map(({ metadata }) => metadata.name)
    expect(new Set(names).size).toBe(620)
    const watch = createWatchRecorder(cluster, CONFIG_MAP, selection)
    await watch.synced()
    expect(watch.lines()).toHaveLength(621)
    await watch.stop()
  })

  test('a consumer that is slow loses nothing', async () => {
    const name = unique('slow')
    const abort = new AbortController()
    const seen: unknown[] = []
    const slow = (async () => {
      for await (const event of cluster.watch(CONFIG_MAP, { namespace, name }, abort.signal)) {
        if (!('object' in event)) continue
        const { data } = event.object
        if (typeof data === 'object' && data !== null && 'x' in data) seen.push(data.x)
        await sleep(5)
        if (seen.at(-1) === '200') return
      }
    })()
    await sleep(300)
    const filler = 'f'.repeat(20_000)
    for (let index = 0; index <= 200; index += 1) {
      await cluster.apply(configMap(namespace, name, { x: `${index}`, filler }))
    }
    await slow
    expect(seen).toEqual(Array.from({ length: 201 }, (_, index) => `${index}`))
  })

  test('a change is told within a fraction of a second', async () => {
    const name = unique('fast')
    const made = await cluster.apply(configMap(namespace, name, { x: '' }))
    expect(made.metadata.name).toBe(name)
    const watch = createWatchRecorder(cluster, CONFIG_MAP, { namespace, name })
    await watch.synced()
    const delays: number[] = []
    for (let index = 0; index < 50; index += 1) {
      const x = `${Date.now()}`
      await controlPlane.client.call(
        'PATCH',
        `/api/v1/namespaces/${namespace}/configmaps/${name}`,
        { data: { x } },
        'application/merge-patch+json',
      )
      const event = await watch.next('the change', about('MODIFIED', name))
      delays.push(event.at - Number(x))
      await sleep(5)
    }
    await watch.stop()
    delays.sort((a, b) => a - b)
    expect(delays[25]).toBeLessThan(100)
    expect(delays[49]).toBeLessThan(1_000)
  })

  test('a line that swallows everything is given up after the time of the watch, and taken up again without a listing', async () => {
    const line = await createLine(controlPlane.server)
    const kubeconfig = controlPlane.kubeconfig.replace(controlPlane.server, line.address)
    const timeouts = { watchSeconds: 3, watchGraceMs: 1_000 }
    const other = createKubernetesCluster({ oCloudId: 'real', kubeconfig, log, timeouts })
    const name = unique('swallowed')
    const watch = createWatchRecorder(other, CONFIG_MAP, { namespace, name })
    await watch.synced()
    await sleep(200)
    line.swallow()
    await cluster.apply(configMap(namespace, name, {}))
    const lost = Date.now()
    const event = await watch.next('the change', about('ADDED', name), 10_000)
    expect(event.at - lost).toBeLessThan(6_000)
    expect(watch.lines()).toEqual(['SYNCED', `ADDED ${name}`])
    await watch.stop()
    await other.close()
    await line.close()
  })

  test('a watch that is left, or closed with its cluster, holds no connection', async () => {
    const line = await createLine(controlPlane.server)
    const kubeconfig = controlPlane.kubeconfig.replace(controlPlane.server, line.address)
    const other = createKubernetesCluster({ oCloudId: 'real', kubeconfig, log })
    for await (const event of other.watch(CONFIG_MAP, { namespace }, new AbortController().signal)) {
      if (event.type === 'SYNCED') break
    }
    const watch = createWatchRecorder(other, CONFIG_MAP, { namespace })
    await watch.synced()
    await other.close()
    expect(await watch.ended).toMatchObject({ code: 'UNAVAILABLE' })
    await expect(other.version()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect.poll(() => line.open(), { timeout: 2_000 }).toBe(0)
    await line.close()
  })
})

interface Line {
  address: string
  /** From now on the connections that are open carry nothing any more, and stay open. */
  swallow(): void
  open(): number
  close(): Promise<void>
}

/** A TCP line to the API server that can go dead the way a network does. */
async function createLine(to: string): Promise<Line> {
  const target = new URL(to)
  const pairs = new Set<[Socket, Socket]>()
  const server: Server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    near.pipe(far).pipe(near)
    for (const socket of pair) {
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        for (const end of pair) end.destroy()
        pairs.delete(pair)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    address: `https://127.0.0.1:${address.port}`,
    swallow() {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
        near.resume()
        far.resume()
      }
    },
    open: () => pairs.size,
    async close() {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
