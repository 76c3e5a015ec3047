import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { JsonObject } from '../../../src/json.ts'
import { expanded } from '../../../src/provisioning/templates/expansion.ts'
import { namespaceFaults } from '../../../src/provisioning/templates/namespaces.ts'
import { SAMPLES } from '../../harness/samples.ts'

const MESSAGE = 'is a namespace of Kubernetes itself (kube-…): take one of your own'
const template = (inputs: JsonObject) => ({ steps: [{ name: 'one', uses: 'manifests', with: inputs }] })

describe('a namespace of Kubernetes itself', () => {
  test.each(
    readdirSync(join(SAMPLES, 'templates')).flatMap((file) => {
      const sample = parse(readFileSync(join(SAMPLES, 'templates', file), 'utf8'))
      const names = Object.keys(sample.parameterSchema.properties).filter((name) => /namespace$/i.test(name))
      return names.map((name) => [file, name, sample] as const)
    }),
  )('%s: is refused as %s', (_file, name, sample) => {
    const pointer = `/templateParameters/${name}`
    const faults = (namespace: string) => namespaceFaults(expanded(sample), { [name]: namespace })
    for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease'])
      expect(faults(namespace)).toContainEqual({ pointer, message: MESSAGE })
    expect(faults('kubernetes-workloads')).toEqual([])
  })

  test('is found in objects, however deep the parameter stands', () => {
    const objects = [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{{ /place/name }}' } }]
    const pointer = '/templateParameters/place/name'
    expect(namespaceFaults(template({ objects }), { place: { name: 'kube-system' } })).toEqual([
      { pointer, message: MESSAGE },
    ])
    const within = {
      objects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: '{{ a }}-system' } }],
    }
    expect(namespaceFaults(template(within), { a: 'kube' })).toHaveLength(1)
  })

  test('may stand in the text of the template itself', () => {
    expect(namespaceFaults(template({ namespace: 'kube-system' }), {})).toEqual([])
    expect(namespaceFaults(template({ namespace: 'kube-{{ a }}' }), { a: 'x' })).toEqual([])
    expect(namespaceFaults(template({ name: '{{ a }}' }), { a: 'kube-system' })).toEqual([])
  })
})
