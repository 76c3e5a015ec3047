import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { KubernetesObject } from '../../src/clusters/cluster.ts'
import { createOwnCluster, type OwnCluster } from '../../src/clusters/in-cluster/own-cluster.ts'
import { createKubernetesCluster } from '../../src/clusters/kubernetes/cluster.ts'
import { createOCloudRegistry } from '../../src/clusters/registry.ts'
import type { OCloudRegistry } from '../../src/clusters/registry-types.ts'
import { type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'

const NODES = { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] }

describe('the registry on a real Kubernetes API server', needs('redis', 'control-plane'), () => {
  let redis: TestStore
  let controlPlane: ControlPlane
  let registry: OCloudRegistry

  beforeAll(async () => {
    redis = await createTestStore()
    controlPlane = await startControlPlane()
    registry = registryWith(undefined)
  })
  afterAll(async () => {
    await registry?.close()
    await controlPlane?.stop()
    await redis?.stop()
  })

  const registryWith = (own: OwnCluster | undefined) =>
    createOCloudRegistry({
      store: redis.store,
      simulated: {
        open: () => {
          throw new Error('nothing is simulated here')
        },
        initialise: async () => undefined,
        destroy: async () => undefined,
      },
      connect: (oCloud) => createKubernetesCluster({ ...oCloud, log: silentLog() }),
      own,
      log: silentLog(),
      statusCacheSeconds: 0,
    })
  const register = async (name: string, kubeconfig: string) =>
    (await registry.create({ name, kubeconfig })).value.oCloudId

  test('the status sums what the nodes have, extended resources too', async () => {
    const oCloudId = await register('sums', controlPlane.kubeconfig)
    const cluster = await registry.open(oCloudId)
    const capacities: Record<string, string>[] = [
      { cpu: '4', memory: '16Gi', pods: '110', 'example.com/fpga': '2' },
      { cpu: '3920m', memory: '16308868Ki', pods: '110' },
    ]
    for (const [index, capacity] of capacities.entries()) {
      const node = await cluster.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: `node-${index}` } })
      const status = { capacity, allocatable: { ...capacity, cpu: '1500m' } }
      await cluster.updateStatus({ ...node, status } satisfies KubernetesObject)
    }
    expect(await registry.status(oCloudId)).toEqual({
      reachable: true,
      version: expect.stringMatching(/^v1\.\d+\.\d+/),
      nodes: 2,
      capacity: { cpu: '7920m', memory: '33086084Ki', pods: '220', 'example.com/fpga': '2' },
      allocatable: { cpu: '3', memory: '33086084Ki', pods: '220', 'example.com/fpga': '2' },
      checkedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    })
  })

  test('an account that may not read nodes reaches its cluster all the same', async () => {
    const { kubeconfig } = await controlPlane.user({
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
    })
    const oCloudId = await register('forbidden', kubeconfig)
    expect(await registry.status(oCloudId)).toMatchObject({
      reachable: true,
      message: expect.stringContaining('cannot be read'),
      version: expect.any(String),
    })
  })

  test('a token that is no longer good is said, without the token', async () => {
    const { kubeconfig, token } = await controlPlane.user({ rules: [NODES] })
    const oCloudId = await register('revoked', kubeconfig.replace(token, 'marked-bad-token'))
    const status = await registry.status(oCloudId)
    expect(status).toMatchObject({ reachable: false, message: expect.any(String) })
    expect(JSON.stringify(status)).not.toContain('marked-bad-token')
  })

  test('the own cluster is reached with the token that its file holds now, on a connection that stays', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'o2ims-account-'))
    const { kubeconfig, token } = await controlPlane.user({ rules: [NODES] })
    const authority = parse(kubeconfig).clusters[0].cluster['certificate-authority-data']
    await writeFile(join(directory, 'ca.crt'), Buffer.from(authority, 'base64'))
    await writeFile(join(directory, 'token'), token)
    const own = createOwnCluster({ name: 'own', directory, server: controlPlane.server }, 'this-service')
    const inside = registryWith(own)
    try {
      await inside.registerOwn()
      const cluster = await inside.open(own.oCloudId)
      expect(await cluster.list({ apiVersion: 'v1', kind: 'Node' })).toHaveLength(2)
      await writeFile(join(directory, 'token'), 'marked-old-token')
      await expect(cluster.list({ apiVersion: 'v1', kind: 'Node' })).rejects.toThrow(/Unauthorized/)
      expect(JSON.stringify(await inside.status(own.oCloudId))).not.toContain('marked-old-token')
      await writeFile(join(directory, 'token'), token)
      expect(await cluster.list({ apiVersion: 'v1', kind: 'Node' })).toHaveLength(2)
      expect(await inside.status(own.oCloudId)).toMatchObject({ reachable: true, nodes: 2 })
    } finally {
      await inside.close()
      await rm(directory, { recursive: true })
    }
  })

  test('an API server that hangs is an answer after three seconds', async () => {
    const oCloudId = await register('hangs', controlPlane.kubeconfig)
    controlPlane.pause()
    try {
      const started = performance.now()
      expect(await registry.status(oCloudId)).toMatchObject({ reachable: false, message: 'no answer within 3 s' })
      expect(performance.now() - started).toBeLessThan(4000)
    } finally {
      controlPlane.resume()
    }
    expect(await registry.status(oCloudId)).toMatchObject({ reachable: true })
  })
})
