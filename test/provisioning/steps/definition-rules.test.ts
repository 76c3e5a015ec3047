import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import { definitionFaults } from '../../../src/provisioning/steps/definition-rules.ts'
import { differences } from '../../../src/provisioning/steps/differences.ts'
import { SAMPLES } from '../../harness/samples.ts'

const crd = (): KubernetesObject =>
  parse(readFileSync(join(SAMPLES, 'packages/focom-operator/crds/focomprovisioningrequests.yaml'), 'utf8'))

/** The definition with a piece of its text replaced. */
const changed = (from: string, to: string): KubernetesObject => JSON.parse(JSON.stringify(crd()).replaceAll(from, to))

describe('a definition that stands', () => {
  test('serves when it is the same, says more, or asks for less', () => {
    expect(definitionFaults(crd(), crd())).toEqual([])
    expect(
      definitionFaults(
        crd(),
        changed('"description":{"type":"string"}', '"description":{"type":"string"},"more":{"type":"integer"}'),
      ),
    ).toEqual([])
    expect(definitionFaults(crd(), changed('"oCloudNamespace","templateName"', '"templateName"'))).toEqual([])
  })

  test.each([
    ['"scope":"Namespaced"', '"scope":"Cluster"', 'spec.scope is Cluster, not Namespaced'],
    ['"name":"v1alpha1"', '"name":"v1beta1"', 'version v1alpha1 is not served'],
    ['"served":true', '"served":false', 'version v1alpha1 is not served'],
    ['"subresources":{"status":{}}', '"subresources":{}', 'version v1alpha1 has no status subresource'],
    ['"required":["oCloudId"', '"required":["secret","oCloudId"', 'spec.secret is required'],
    ['"oCloudId":{', '"oCloud":{', 'spec.oCloudId is missing'],
    ['"remoteName":{"description":', '"remote":{"description":', 'status.remoteName is missing'],
  ])('does not serve with %s as %s', (from, to, fault) => {
    const other = changed(from, to)
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(crd()))
    expect(definitionFaults(crd(), other)).toContain(fault)
  })
})

describe('differences', () => {
  test('are told with their place; what only the live object has is none', () => {
    const live = { a: 1, b: { c: [{ d: 'x' }], e: true }, more: 1 }
    expect(differences({ a: 1, b: { c: [{ d: 'x' }] } }, live)).toEqual([])
    expect(differences({ a: 2, b: { c: [{ d: 'y' }] }, z: null }, live)).toEqual([
      'a is 1, not 2',
      'b.c[0].d is x, not y',
      'z is missing, not null',
    ])
    expect(differences({ b: { c: [] } }, live)).toEqual(['b.c is [{"d":"x"}], not []'])
    expect(differences({ a: 'x'.repeat(200) }, live)[0]?.length).toBeLessThan(120)
  })
})
