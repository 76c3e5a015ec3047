import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import { ServiceError } from '../../../src/errors.ts'
import { manifests } from '../../../src/provisioning/steps/manifests.ts'
import { needs } from '../../harness/needs.ts'
import { testContext } from '../../harness/step-context.ts'
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts'

const definition: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}
const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'default' } }

/** As a real API server: Established is said a moment before the kind is listed and served. */
function slowToServe(cluster: Cluster, asks: number): Cluster {
  let asked = 0
  return {
    ...cluster,
    async scope(kind, options) {
      const scope = await cluster.scope(kind, options)
      if (kind.kind !== 'Widget' || scope === undefined) return scope
      asked += 1
      return asked > asks ? scope : undefined
    },
    async apply(object, options) {
      if (object.kind === 'Widget' && asked <= asks)
        throw new ServiceError('APPLY_FAILED', 'The API server does not know example.com/v1 Widget')
      return cluster.apply(object, options)
    },
  }
}

describe('a definition that is Established and not served yet', needs('redis'), () => {
  let world: SimulatedWorld
  beforeAll(async () => {
    world = await simulatedWorld()
    await world.simulated.initialise('edge')
  })
  afterAll(() => world?.teardown())

  test('is waited for before its resources are made', async () => {
    const cluster = slowToServe(world.simulated.open('edge'), 4)
    const { context } = testContext({ clusters: [cluster] })
    const given = manifests.inputs.parse({ target: 'edge', objects: [widget, definition] })
    const made = await manifests.apply(given, undefined, context)
    expect(made.objects.map(({ kind, action }) => [kind, action])).toEqual([
      ['CustomResourceDefinition', 'created'],
      ['Widget', 'created'],
    ])
  })
})
