import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/clusters/cluster.ts'
import { createKubernetesCluster } from '../../src/clusters/kubernetes/cluster.ts'
import {
  CAPI_CLUSTER,
  FOCOM_REQUEST,
  PACKAGES_NAMESPACE as namespace,
  PACKAGE_REVISION,
  PACKAGE_VARIANT,
  PROVISIONING_REQUEST,
} from '../../src/operators/kinds.ts'
import type { OperatorsProfile } from '../../src/operators/profile.ts'
import { type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type OperatorProcess, startOperatorProcess } from '../harness/operator-process.ts'
import { silentLog } from '../harness/redis.ts'
import { startTcpProxy } from '../harness/tcp-proxy.ts'
import {
  focomRequest,
  installFocom,
  installO2ims,
  installPorch,
  introduce,
  NAMESPACE,
  readFocomRequest,
  readRequest,
  untilPhase,
  untilState,
} from './world.ts'

const QUICK: OperatorsProfile = {
  focom: { pollMs: { first: 150, next: 150, deletion: 150 } },
  o2ims: {
    generation: 'old',
    stepMs: 200,
    observeMs: 50,
    renderMs: 10_000,
    creationMs: 20_000,
    packages: 'when-there',
  },
  porch: { stepMs: 50 },
  annotations: false,
}

describe('operators as processes on a real API server', needs('control-plane'), () => {
  let controlPlane: ControlPlane
  let cluster: Cluster
  let operators: OperatorProcess | undefined

  beforeAll(async () => {
    controlPlane = await startControlPlane()
    cluster = createKubernetesCluster({ oCloudId: 'real', kubeconfig: controlPlane.kubeconfig, log: silentLog() })
  })
  afterEach(() => operators?.kill())
  afterAll(async () => {
    await cluster?.close()
    await controlPlane?.stop()
  })

  async function start(profile: OperatorsProfile): Promise<void> {
    operators = await startOperatorProcess({ kubeconfig: controlPlane.kubeconfig, profile })
  }

  async function removed(name: string): Promise<void> {
    await cluster.delete({ ...FOCOM_REQUEST, namespace: NAMESPACE, name })
    await eventually(async () => {
      expect(await readFocomRequest(cluster, name)).toBeUndefined()
      expect(await readRequest(cluster, name)).toBeUndefined()
    }, 10_000)
  }

  test('they wait for the kinds to be defined; killed and started again, the old one goes back and gives other ids', async () => {
    await start(QUICK)
    await installFocom(cluster)
    await installO2ims(cluster)
    await eventually(() => introduce(cluster, 'edge', controlPlane.kubeconfig), 10_000)
    await cluster.apply(focomRequest('restart'))
    await untilPhase(cluster, 'restart', 'Fulfilled', 15_000)
    const before = await untilState(cluster, 'restart', 'fulfilled')
    await operators?.kill()
    await start(QUICK)
    await untilState(cluster, 'restart', 'progressing', 10_000)
    const after = await untilState(cluster, 'restart', 'fulfilled', 10_000)
    expect(after.status?.provisionedResourceSet).not.toEqual(before.status?.provisionedResourceSet)
    expect(after.metadata.generation).toBe(1)
    await removed('restart')
  })

  test('an API server that is away at the instant of a poll is the end for FoCoM, not for the remote request', async () => {
    const proxy = await startTcpProxy(Number(new URL(controlPlane.server).port))
    try {
      const through = controlPlane.kubeconfig.replace(controlPlane.server, `https://127.0.0.1:${proxy.port}`)
      await introduce(cluster, 'edge', through)
      const slow = { ...QUICK, o2ims: { ...QUICK.o2ims, stepMs: 1500 } as OperatorsProfile['o2ims'] }
      await start(slow)
      await cluster.apply(focomRequest('outage'))
      await untilPhase(cluster, 'outage', 'progressing', 10_000)
      proxy.cut()
      const lost = await untilPhase(cluster, 'outage', 'failed', 10_000)
      // Its own status write makes it look once more: heal when that is over, that is when no second passes between two looks.
      await eventually(async () => {
        const { status } = await untilPhase(cluster, 'outage', 'failed')
        expect(Date.now() - Date.parse(String(status?.lastUpdated))).toBeGreaterThan(1500)
      }, 10_000)
      proxy.heal()
      await untilState(cluster, 'outage', 'fulfilled', 10_000)
      const { status } = await untilPhase(cluster, 'outage', 'failed')
      expect(String(lost.status?.message)).toMatch(/^poll error: error fetching remote CR: /)
      expect(status?.remoteName).toBe('outage')
      await removed('outage')
    } finally {
      await proxy.close()
    }
  })

  test('without Porch the old one never writes a status, and FoCoM waits for ever', async () => {
    await introduce(cluster, 'edge', controlPlane.kubeconfig)
    await start({ ...QUICK, o2ims: { ...QUICK.o2ims, packages: 'required' } as OperatorsProfile['o2ims'] })
    await cluster.apply(focomRequest('silent'))
    await eventually(async () => {
      expect((await readFocomRequest(cluster, 'silent'))?.status).toMatchObject({
        phase: 'provisioning',
        message: 'Remote CR has no status yet',
      })
      const remote = await readRequest(cluster, 'silent')
      expect(JSON.stringify(remote?.metadata.annotations)).toContain('notFound')
      expect(remote?.status).toBeUndefined()
    }, 10_000)
    await removed('silent')
  })

  test('with Porch the new one names the Cluster by its uid, and what it leaves behind goes step by step', async () => {
    await installPorch(cluster)
    await start({ ...QUICK, o2ims: { ...QUICK.o2ims, generation: 'new' } as OperatorsProfile['o2ims'] })
    await eventually(async () => void (await cluster.list(PACKAGE_VARIANT)), 10_000)
    await cluster.apply(focomRequest('chain'))
    await untilPhase(cluster, 'chain', 'Fulfilled', 15_000)
    const capi = { ...CAPI_CLUSTER, namespace, name: 'c-chain' }
    const { status } = await untilState(cluster, 'chain', 'fulfilled')
    expect(status?.provisionedResourceSet).toMatchObject({
      oCloudNodeClusterId: (await cluster.get(capi))?.metadata.uid,
    })
    await removed('chain')
    const revision = { ...PACKAGE_REVISION, namespace, name: 'mgmt.c-chain.packagevariant-1' }
    expect((await cluster.get(revision))?.spec).toMatchObject({ lifecycle: 'Published' })
    await cluster.delete({ ...PACKAGE_VARIANT, namespace, name: 'chain' })
    await eventually(async () => {
      expect((await cluster.get(revision))?.spec).toMatchObject({ lifecycle: 'DeletionProposed' })
    }, 10_000)
    await cluster.delete(revision)
    await eventually(async () => expect(await cluster.get(capi)).toBeUndefined(), 10_000)
    expect(await cluster.list(PROVISIONING_REQUEST)).toEqual([])
  })
})
