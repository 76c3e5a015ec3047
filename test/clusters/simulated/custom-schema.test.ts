import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import {
  fillCustomDefaults,
  invalidCustomField,
  undeclaredCustomField,
} from '../../../src/clusters/simulated/custom-schema.ts'
import { createSimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { createTestStore, silentLog, type TestStore } from '../../harness/redis.ts'

const SCHEMA = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 9 },
        colour: { type: 'string', enum: ['red', 'green'], default: 'red' },
        port: { 'x-kubernetes-int-or-string': true },
        note: { type: 'string', nullable: true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        parts: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
      },
    },
    status: { type: 'object', properties: { phase: { type: 'string' } } },
  },
}
const META = { apiVersion: 'g/v1', kind: 'Widget', metadata: { name: 'a', anything: true } }

describe('the schema of a custom resource', () => {
  test.each([
    [{ spec: { size: 1 } }, undefined],
    [{ spec: { size: 1, sise: 2 } }, '.spec.sise'],
    [{ spec: {}, extra: 1 }, '.extra'],
    [{ spec: { free: { a: { b: 1 } }, labels: { x: 'y' } } }, undefined],
    [{ spec: { parts: [{ name: 'a' }, { nome: 'b' }] } }, '.spec.parts[1].nome'],
  ])('%j: undeclared is %s', (value, expected) => {
    expect(undeclaredCustomField({ ...META, ...value }, SCHEMA)).toBe(expected)
  })

  test.each([
    [{ spec: { size: 1, colour: 'green', port: 'http', note: null } }, undefined],
    [{ spec: { size: 1, port: 80, labels: { a: 'b' } } }, undefined],
    [{ spec: { size: '1' } }, /spec\.size: Invalid value: "string": must be of type integer/],
    [{ spec: { size: 1.5 } }, /must be of type integer/],
    [{ spec: { size: 10 } }, /less than or equal to 9/],
    [{ spec: { size: 0 } }, /greater than or equal to 1/],
    [{ spec: { size: 1, colour: 'blue' } }, /spec\.colour: Unsupported value/],
    [{ spec: { size: 1, port: true } }, /integer or a string/],
    [{ spec: { size: 1, labels: { a: 1 } } }, /spec\.labels\.a/],
    [{ spec: { size: 1, parts: {} } }, /must be of type array/],
    [{ spec: {} }, /spec\.size: Required value/],
    [{}, /spec: Required value/],
  ])('%j: what is invalid is %s', (value, expected) => {
    const found = invalidCustomField({ ...META, ...value }, SCHEMA)
    if (expected === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(expected)
  })

  test('defaults are filled in where the object around them is', () => {
    const filled = { spec: { size: 1 } }
    fillCustomDefaults(filled, SCHEMA)
    expect(filled).toEqual({ spec: { size: 1, colour: 'red' } })
    const none = {}
    fillCustomDefaults(none, SCHEMA)
    expect(none).toEqual({})
  })

  test('no value and no schema makes it throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, schema) => {
        expect(typeof undeclaredCustomField(value, schema)).toMatch(/string|undefined/)
        expect(typeof invalidCustomField(value, schema)).toMatch(/string|undefined/)
      }),
    )
  })
})

describe('a simulated cluster', () => {
  let testStore: TestStore
  let cluster: Cluster
  const widget = (spec: KubernetesObject['spec']): KubernetesObject => ({
    apiVersion: 'test.dev/v1',
    kind: 'Widget',
    metadata: { name: 'a', namespace: 'default' },
    spec,
  })

  beforeAll(async () => {
    testStore = await createTestStore()
    const clusters = createSimulatedClusters({ store: testStore.store, log: silentLog() })
    await clusters.initialise('o-1')
    cluster = clusters.open('o-1')
    const names = { plural: 'widgets', kind: 'Widget' }
    const versions = [
      { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: SCHEMA } },
    ]
    await cluster.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.test.dev' },
      spec: { group: 'test.dev', scope: 'Namespaced', names, versions },
    })
  })
  afterAll(() => testStore.stop())

  test('refuses what the schema does not have or does not allow, and fills in its defaults', async () => {
    await expect(cluster.apply(widget({ size: 1, sise: 2 }))).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringContaining('.spec.sise: field not declared in schema'),
    })
    await expect(cluster.apply(widget({ size: 'big' }))).rejects.toMatchObject({ code: 'APPLY_FAILED' })
    const made = await cluster.apply(widget({ size: 1 }))
    expect(made.spec).toEqual({ size: 1, colour: 'red' })
    expect((await cluster.apply(widget({ size: 1 }))).metadata.resourceVersion).toBe(made.metadata.resourceVersion)
    await expect(cluster.updateStatus({ ...made, status: { fase: 'x' } })).rejects.toMatchObject({
      code: 'APPLY_FAILED',
    })
    expect((await cluster.updateStatus({ ...made, status: { phase: 'x' } })).status).toEqual({ phase: 'x' })
  })
})
