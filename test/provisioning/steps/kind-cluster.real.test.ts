import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKindLifecycle } from '../../../src/clusters/kind/lifecycle.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import type { Made } from '../../../src/provisioning/record.ts'
import { Interruption } from '../../../src/provisioning/run/interruption.ts'
import { kindCluster } from '../../../src/provisioning/steps/kind-cluster.ts'
import { createChildProcesses } from '../../../src/tools/child-processes.ts'
import { createDocker } from '../../../src/tools/docker.ts'
import { createKind } from '../../../src/tools/kind.ts'
import { COMPLETE_MARK } from '../../../src/tools/kind-config.ts'
import { kindThat } from '../../harness/kind-double.ts'
import { needs } from '../../harness/needs.ts'
import { silentLog } from '../../harness/redis.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'

const PREFIX = 'o2ims-test-step'

describe('the kind-cluster step with true kind', needs('kind'), () => {
  const runDir = mkdtempSync(join(tmpdir(), 'o2ims-step-'))
  const children = createChildProcesses()
  const kind = createKind({ children, runDir })
  const docker = createDocker(children)
  const lifecycle = createKindLifecycle({ kind, docker })
  const reference = randomUUID()
  const name = `${PREFIX}-${reference.slice(0, 8)}`

  async function removeClusters(): Promise<void> {
    for (const cluster of await kind.clusters()) if (cluster.startsWith(PREFIX)) await kind.delete(cluster)
  }
  beforeAll(removeClusters)
  afterAll(async () => {
    await removeClusters()
    rmSync(runDir, { recursive: true, force: true })
  })

  const given = (more: object = {}) =>
    kindCluster.inputs.parse({ name, nodeImage: process.env.KIND_NODE_IMAGE, ...more })
  const context = (parts: TestContextParts = {}) =>
    testContext({
      reference,
      step: 'cluster',
      lifecycle,
      async open(oCloudId, registered) {
        const kubeconfig = registered.get(oCloudId)?.kubeconfig ?? ''
        return createKubernetesCluster({ oCloudId, kubeconfig, log: silentLog() })
      },
      ...parts,
    })
  const first = context()
  let standing: Made

  test('a cluster that does not run any more fails the step, which says what is wrong and what to send; with that it is replaced', async () => {
    standing = await stoppedCluster()
    const broken = context({ generation: 2, registered: first.registered })
    const message = new RegExp(`${name}-control-plane is exited \\(exit code 137\\).*replaceUnhealthy: true`)
    const refused = { code: 'KIND_FAILED', retryable: false, message: expect.stringMatching(message) }
    await expect(kindCluster.plan(given(), standing, broken.context)).rejects.toMatchObject(refused)
    await expect(kindCluster.apply(given(), standing, broken.context)).rejects.toMatchObject(refused)
    expect(broken.checkpoints).toEqual([])

    const replacing = given({ replaceUnhealthy: true })
    expect(await kindCluster.plan(replacing, standing, broken.context)).toMatchObject([
      { action: 'delete', object: { name } },
      { action: 'create', object: { name } },
    ])
    standing = await kindCluster.apply(replacing, standing, broken.context)
    expect(standing.objects).toMatchObject([{ action: 'created', madeIn: 2 }])
    expect(await lifecycle.faults({ name, workers: 0 })).toEqual([])
  })

  test('F8: waits until every node is Ready and CoreDNS is Available', async () => {
    const { context: run } = context({ generation: 2, registered: first.registered })
    standing = await kindCluster.verify(given(), standing, run)
    const cluster = await run.cluster(standing.oCloudId ?? '')
    const nodes = (await cluster?.list({ apiVersion: 'v1', kind: 'Node' }, {})) ?? []
    expect(nodes.map(({ metadata }) => metadata.name)).toEqual([`${name}-control-plane`])
    const coredns = await cluster?.get({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'kube-system',
      name: 'coredns',
    })
    for (const [object, type] of [...nodes.map((node) => [node, 'Ready'] as const), [coredns, 'Available'] as const]) {
      expect(object?.status?.conditions).toContainEqual(expect.objectContaining({ type, status: 'True' }))
    }
  })

  test('uses the cluster again, refuses to change it or to share it, and takes it away', async () => {
    const third = context({ generation: 3, registered: first.registered })
    const again = await kindCluster.apply(given(), standing, third.context)
    const verified = await kindCluster.verify(given(), again, third.context)
    expect(verified).toMatchObject({ oCloudId: standing.oCloudId, objects: [{ action: 'unchanged', madeIn: 2 }] })

    await expect(kindCluster.apply(given({ workers: 1 }), verified, third.context)).rejects.toThrow(
      /cannot be changed in place/,
    )
    const stranger = context({ reference: randomUUID() })
    await expect(kindCluster.apply(given(), undefined, stranger.context)).rejects.toMatchObject({ code: 'CONFLICT' })

    expect(await kindCluster.undo(verified, 'all', third.context)).toMatchObject({ left: [] })
    expect(await lifecycle.find(name)).toEqual({ state: 'absent' })
    expect(first.registered.size).toBe(0)
  })

  test('a cluster that was ready and has lost its control plane is not taken for one that was never finished', async () => {
    const lost = `${PREFIX}-lost`
    const inputs = given({ name: lost, workers: 1 })
    const double = kindThat('dies')
    try {
      const maker = createKindLifecycle({ kind: createKind({ children: double.children, runDir }), docker })
      const { context: run, last } = context({ lifecycle: maker })
      await expect(kindCluster.apply(inputs, undefined, run)).rejects.toMatchObject({ code: 'KIND_FAILED' })
      execFileSync('docker', ['rename', `${lost}-control-plane`, `${lost}-worker`])
      const never = last() ?? { objects: [], outputs: {}, notes: {} }
      expect(await kindCluster.plan(inputs, never, run)).toMatchObject([{ action: 'create' }])

      const ready = { ...never, notes: { ...never.notes, ready: true } }
      await expect(kindCluster.apply(inputs, ready, run)).rejects.toMatchObject({
        code: 'KIND_FAILED',
        message: expect.stringMatching(/lost-control-plane is gone.* replaceUnhealthy: true/),
      })
      expect(await lifecycle.find(lost)).toMatchObject({ state: 'present', owner: reference })
      const replacing = given({ name: lost, workers: 1, replaceUnhealthy: true })
      expect(await kindCluster.plan(replacing, ready, run)).toMatchObject([{ action: 'delete' }, { action: 'create' }])
    } finally {
      double.dispose()
    }
  })

  /** What a cluster of ours looks like to docker when its machine has stopped; with what the step had written down. */
  async function stoppedCluster(): Promise<Made> {
    const double = kindThat('dies')
    try {
      const maker = createKindLifecycle({ kind: createKind({ children: double.children, runDir }), docker })
      const { context: run, last } = context({ lifecycle: maker })
      await expect(kindCluster.apply(given(), undefined, run)).rejects.toMatchObject({ code: 'KIND_FAILED' })
      execFileSync('docker', ['exec', `${name}-control-plane`, 'touch', COMPLETE_MARK])
      execFileSync('docker', ['kill', `${name}-control-plane`], { stdio: 'ignore' })
      return last() ?? { objects: [], outputs: {}, notes: {} }
    } finally {
      double.dispose()
    }
  }

  test('a kind that hangs is ended at the deadline, and its containers go', async () => {
    const double = kindThat('hangs')
    const hanging = createKindLifecycle({ kind: createKind({ children: double.children, runDir }), docker })
    const late = new AbortController()
    const { context: run, last } = context({ reference: randomUUID(), lifecycle: hanging, signal: late.signal })
    const inputs = given({ name: `${PREFIX}-hangs` })
    const begun = { ...run, progress: () => late.abort(new Interruption('deadline', 'not done within 1 s')) }
    try {
      await expect(kindCluster.apply(inputs, undefined, begun)).rejects.toMatchObject({ kind: 'deadline' })
      expect(await lifecycle.find(inputs.name)).toMatchObject({ owner: run.request.reference, complete: false })
      const made = last() ?? { objects: [], outputs: {}, notes: {} }
      const undoing = context({ reference: run.request.reference, lifecycle: hanging })
      expect(await kindCluster.undo(made, 'generation', undoing.context)).toMatchObject({
        undone: [{ name: inputs.name }],
        left: [],
      })
      expect(await lifecycle.find(inputs.name)).toEqual({ state: 'absent' })
    } finally {
      double.dispose()
    }
  })
})
