import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKindLifecycle } from '../../../src/clusters/kind/lifecycle.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { kindCluster } from '../../../src/provisioning/steps/kind-cluster.ts'
import { createChildProcesses } from '../../../src/tools/child-processes.ts'
import { createDocker } from '../../../src/tools/docker.ts'
import { createKind } from '../../../src/tools/kind.ts'
import { needs } from '../../harness/needs.ts'
import { silentLog } from '../../harness/redis.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'

const PREFIX = 'o2ims-test-step'

describe('the kind-cluster step with true kind', needs('kind'), () => {
  const runDir = mkdtempSync(join(tmpdir(), 'o2ims-step-'))
  const children = createChildProcesses()
  const kind = createKind({ children, runDir })
  const lifecycle = createKindLifecycle({ kind, docker: createDocker(children) })
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

  test('makes a cluster whose nodes are Ready and whose CoreDNS is Available, uses it again, refuses to change it, and takes it away', async () => {
    const first = context()
    const made = await kindCluster.apply(given(), undefined, first.context)
    await kindCluster.verify(given(), made, first.context)
    expect(first.progress.map(({ message }) => message).join('\n')).toMatch(/nodes Ready/)

    const cluster = await first.context.cluster(made.oCloudId ?? '')
    const coredns = await cluster?.get({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'kube-system',
      name: 'coredns',
    })
    expect(coredns?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Available', status: 'True' }))

    const second = context({ generation: 2, registered: first.registered })
    const again = await kindCluster.apply(given(), made, second.context)
    await kindCluster.verify(given(), again, second.context)
    expect(again).toMatchObject({ oCloudId: made.oCloudId, objects: [{ action: 'unchanged', madeIn: 1 }] })

    await expect(kindCluster.apply(given({ workers: 1 }), again, second.context)).rejects.toThrow(
      /cannot be changed in place/,
    )
    const stranger = context({ reference: randomUUID() })
    await expect(kindCluster.apply(given(), undefined, stranger.context)).rejects.toMatchObject({ code: 'CONFLICT' })

    expect(await kindCluster.undo(again, 'all', second.context)).toMatchObject({ left: [] })
    expect(await lifecycle.find(name)).toEqual({ state: 'absent' })
    expect(first.registered.size).toBe(0)
  })
})
