import { expect, test } from 'vitest'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import { type Arena, unique } from './arena.ts'

export function logRules(arena: Arena): void {
  test('logs answers undefined for a pod that is not there, its namespace neither', async () => {
    const namespace = await arena.namespace()
    expect(await arena.cluster().logs({ namespace, name: 'none' })).toBeUndefined()
    expect(await arena.cluster().logs({ namespace: unique('missing'), name: 'none' })).toBeUndefined()
  })

  test('logs of a pod that has not started are empty, and those of the container before it', async () => {
    const namespace = await arena.namespace()
    await arena.cluster().apply(waitingPod(namespace))
    expect(await arena.cluster().logs({ namespace, name: 'waiting' })).toBe('')
    expect(await arena.cluster().logs({ namespace, name: 'waiting' }, { container: 'main', previous: true })).toBe('')
  })

  test('logs end with the signal', async () => {
    const namespace = await arena.namespace()
    const reason = new Error('enough')
    const refused = arena.cluster().logs({ namespace, name: 'none' }, { signal: AbortSignal.abort(reason) })
    await expect(refused).rejects.toBe(reason)
  })

  test('the endpoint is an address', () => {
    expect(URL.canParse(arena.cluster().endpoint)).toBe(true)
  })
}

/** No node takes it. */
function waitingPod(namespace: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'waiting', namespace },
    spec: {
      nodeSelector: { 'o2ims.dev/no-such-node': 'true' },
      containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }],
    },
  }
}
