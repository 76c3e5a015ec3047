import { afterEach, describe, expect, test, vi } from 'vitest'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import { PACKAGE_REVISION, PACKAGES_NAMESPACE } from '../../../src/operators/kinds.ts'
import { createDue } from '../../../src/operators/porch/due.ts'
import { createRevisionReconcile } from '../../../src/operators/porch/revisions.ts'
import { needs } from '../../harness/needs.ts'
import { installPorch, operatorWorld } from '../world.ts'

const MINUTE = 60_000
afterEach(() => void vi.restoreAllMocks())

describe('what takes a while', () => {
  test('is done after its time, once, and starts anew when it was forgotten', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    const due = createDue()
    expect(due.left('a', 100)).toBe(100)
    now.mockReturnValue(60)
    expect(due.left('a', 100)).toBe(40)
    due.forget('a')
    expect(due.left('a', 100)).toBe(100)
    now.mockReturnValue(160)
    expect(due.left('a', 100)).toBe(0)
    expect(due.left('a', 100)).toBe(100)
  })

  test('is forgotten when nobody asks for it any more', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    const due = createDue()
    due.left('deleted', 100)
    due.left('slow', 20 * MINUTE)
    now.mockReturnValue(11 * MINUTE)
    due.left('another', 100)
    expect(due.left('deleted', 100)).toBe(100)
    expect(due.left('slow', 20 * MINUTE)).toBe(9 * MINUTE)
  })
})

test('a revision that is made anew under its name takes its time anew', needs('redis'), async () => {
  const { edge, stop } = await operatorWorld({ played: false })
  try {
    await installPorch(edge)
    const reconcile = createRevisionReconcile({ cluster: edge, stepMs: 100, published: async () => undefined })
    const namespace = PACKAGES_NAMESPACE
    const draft = (): Promise<KubernetesObject> =>
      edge.apply({
        ...PACKAGE_REVISION,
        metadata: { name: 'mgmt.c.v1', namespace, annotations: { 'approval.nephio.org/policy': 'initial' } },
        spec: { packageName: 'c', workspaceName: 'v1', repository: 'mgmt', lifecycle: 'Draft' },
      })
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    expect(await reconcile(await draft())).toBe(100)
    await edge.delete({ ...PACKAGE_REVISION, namespace, name: 'mgmt.c.v1' })
    now.mockReturnValue(1_000)
    const anew = await draft()
    expect(await reconcile(anew)).toBe(100)
    now.mockReturnValue(1_100)
    expect(await reconcile(anew)).toBeUndefined()
    expect((await edge.get({ ...PACKAGE_REVISION, namespace, name: 'mgmt.c.v1' }))?.spec?.lifecycle).toBe('Proposed')
  } finally {
    await stop()
  }
})
