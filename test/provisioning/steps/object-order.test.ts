import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ObjectRef } from '../../../src/clusters/cluster.ts'
import {
  inApplyOrder,
  isDefinition,
  isNamespace,
  keyOf,
  removalWaves,
} from '../../../src/provisioning/steps/object-order.ts'

const kinds = [
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  ['v1', 'Namespace'],
  ['v1', 'ServiceAccount'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  ['v1', 'ConfigMap'],
  ['example.com/v1', 'Widget'],
  ['apps/v1', 'Deployment'],
] as const

const ref = fc
  .tuple(fc.constantFrom(...kinds), fc.string({ minLength: 1, maxLength: 3 }))
  .map(([[apiVersion, kind], name]): ObjectRef => ({ apiVersion, kind, name }))

const positions = (objects: readonly ObjectRef[], kind: string): number[] =>
  objects.flatMap((object, index) => (object.kind === kind ? [index] : []))

test('what others need is applied first: definitions, namespaces, accounts, configuration, custom resources, workloads', () => {
  fc.assert(
    fc.property(fc.array(ref), (objects) => {
      const ordered = inApplyOrder(objects)
      const rank = kinds.map(([, kind]) => positions(ordered, kind))
      const flat = rank.flat()
      expect(flat).toEqual([...flat].sort((a, b) => a - b))
      expect([...ordered].sort(byKey)).toEqual([...objects].sort(byKey))
    }),
  )
})

test('objects of one kind keep the order in which they were given', () => {
  fc.assert(
    fc.property(fc.array(ref), (objects) => {
      const names = (list: readonly ObjectRef[]) =>
        list.filter(({ kind }) => kind === 'ConfigMap').map(({ name }) => name)
      expect(names(inApplyOrder(objects))).toEqual(names(objects))
    }),
  )
})

test('removal has every object in one wave: namespaces after what is in them, definitions last', () => {
  fc.assert(
    fc.property(fc.array(ref), (objects) => {
      const waves = removalWaves(objects)
      expect(waves.flat().sort(byKey)).toEqual([...objects].sort(byKey))
      const first = (matches: (object: ObjectRef) => boolean) => waves.findIndex((wave) => wave.some(matches))
      const rest = first((object) => !isNamespace(object) && !isDefinition(object))
      const order = [rest, first(isNamespace), first(isDefinition)].filter((index) => index >= 0)
      expect(order).toEqual([...order].sort((a, b) => a - b))
      expect(new Set(order).size).toBe(order.length)
    }),
  )
})

test('an object has one key in every version of its API, and no two objects share one', () => {
  const deployment = { kind: 'Deployment', namespace: 'ran', name: 'du' }
  expect(keyOf({ apiVersion: 'apps/v1', ...deployment })).toBe(keyOf({ apiVersion: 'apps/v1beta1', ...deployment }))
  expect(keyOf({ apiVersion: 'v1', kind: 'a', namespace: 'b', name: 'c' })).not.toBe(
    keyOf({ apiVersion: 'v1', kind: 'a', name: 'b/c' }),
  )
})

function byKey(a: ObjectRef, b: ObjectRef): number {
  return keyOf(a).localeCompare(keyOf(b))
}
