import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { STEPS } from '../../../src/provisioning/steps/registry.ts'
import { expanded } from '../../../src/provisioning/templates/expansion.ts'
import { templateSchema } from '../../../src/provisioning/templates/schema.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import { faultsOf } from './refused.ts'

const properties = {
  oCloud: { type: 'string', format: 'o-cloud' },
  namespace: { type: 'string', default: 'ran' },
  cpu: { type: 'string', default: '20' },
  token: { type: 'string', writeOnly: true },
  image: { type: 'string' },
}
const parameterSchema = { type: 'object', additionalProperties: false, required: ['oCloud'], properties }
const place = { target: '{{ oCloud }}', namespace: '{{ namespace }}' }

/** A template with a check, a package and a report, and these fields. */
function template(fields: object = {}): Template {
  const base = {
    name: 'fields',
    version: '1.0.0',
    description: '',
    result: 'resources',
    timeoutSeconds: 60,
    parameterSchema,
    steps: [
      { name: 'check', uses: 'preflight', with: { ...place, package: '5g-ran' } },
      { name: 'workload', uses: 'kpt-package', with: { ...place, package: '5g-ran' } },
      { name: 'report', uses: 'report' },
    ],
  }
  return JSON.parse(JSON.stringify({ ...base, ...fields }))
}
const hook = (name: string, more: object = {}) => ({ name, image: 'tests:1', timeoutSeconds: 60, ...more })
const faults = (fields: object) => faultsOf(template(fields), STEPS)
const refused = (fields: object) =>
  (templateSchema.safeParse(template(fields)).error?.issues ?? []).map(({ path }) => `/${path.join('/')}`)

describe('the fields of a template that become steps', () => {
  test('stand between checks and report, hooks before a removal at the very end', () => {
    const hooks = {
      preProvision: [hook('a')],
      postProvision: [hook('b'), hook('c')],
      preTerminate: [hook('d')],
    }
    const all = template({ hooks, quota: { pods: 5 }, networkPolicy: { egress: [] }, approvers: ['me'] })
    expect(templateSchema.safeParse(all).success).toBe(true)
    expect(faultsOf(all, STEPS)).toEqual([])
    expect(expanded(all).steps.map(({ name, uses }) => `${name} ${uses}`)).toEqual([
      'check preflight',
      'quota manifests',
      'network-policy manifests',
      'hook:a hook',
      'workload kpt-package',
      'hook:b hook',
      'hook:c hook',
      'report report',
      'hook:d removal-hook',
    ])
  })

  test('act on the cluster that a step makes, after it', () => {
    const steps = parse(`
      - { name: cluster, uses: kind-cluster, with: { name: x } }
      - { name: workload, uses: kpt-package, with: { target: "{{ steps.cluster.oCloudId }}", package: p, namespace: "{{ namespace }}" } }`)
    const { oCloud: _, ...others } = properties
    const made = template({
      steps,
      parameterSchema: { ...parameterSchema, required: [], properties: others },
      quota: { pods: 5 },
    })
    expect(faultsOf(made, STEPS)).toEqual([])
    const { steps: all } = expanded(made)
    expect(all.map(({ name }) => name)).toEqual(['cluster', 'quota', 'workload'])
    expect(all[1]?.with?.target).toBe('{{ steps.cluster.oCloudId }}')
  })

  test('a template without them runs as it is', () => {
    expect(expanded(template()).steps).toEqual(template().steps)
  })

  test('may refer to parameters', () => {
    const run = hook('a', { image: '{{ image }}', env: [{ name: 'NS', value: '{{ namespace }}' }] })
    const required = { ...parameterSchema, required: ['oCloud', 'image'] }
    const all = { quota: { 'requests.cpu': '{{ cpu }}' }, hooks: { preProvision: [run] }, parameterSchema: required }
    expect(refused(all)).toEqual([])
    expect(faults(all)).toEqual([])
  })

  test.each<[string, object, string, string]>([
    [
      'a hook of the name of another',
      { hooks: { preProvision: [hook('a')], preTerminate: [hook('a')] } },
      '/hooks/preTerminate/0/name',
      'is the name of another step',
    ],
    [
      'a quota beside a step of that name',
      { quota: { pods: 1 }, steps: [{ name: 'quota', uses: 'report' }] },
      '/steps/0',
      'quota is the name',
    ],
    [
      'an unknown parameter',
      { hooks: { postProvision: [hook('a', { args: ['x', '{{ nowhere }}'] })] } },
      '/hooks/postProvision/0/args/1',
      'names no parameter',
    ],
    ['an unknown parameter in a quota', { quota: { cpu: '{{ nowhere }}' } }, '/quota', 'names no parameter'],
    [
      'an image that may be absent',
      { hooks: { postProvision: [hook('a', { image: '{{ image }}' })] } },
      '/hooks/postProvision/0/image',
      'may be absent',
    ],
    [
      'a secret',
      { hooks: { preProvision: [hook('a', { env: [{ name: 'T', value: 'x-{{ token }}' }] })] } },
      '/hooks/preProvision/0/env/0/value',
      'keep it in a Secret',
    ],
    [
      'no parameter namespace',
      {
        quota: { pods: 1 },
        parameterSchema: { ...parameterSchema, properties: { oCloud: properties.oCloud } },
        steps: [{ name: 'report', uses: 'report' }],
      },
      '/quota',
      'needs a parameter namespace',
    ],
    [
      'no O-Cloud',
      {
        hooks: { preProvision: [hook('a')] },
        parameterSchema: { ...parameterSchema, required: [], properties: { namespace: properties.namespace } },
        steps: [{ name: 'report', uses: 'report' }],
      },
      '/hooks',
      'needs a parameter oCloud or edge',
    ],
    [
      'a selector without an O-Cloud',
      {
        targetSelector: { matchLabels: { a: 'b' } },
        parameterSchema: { ...parameterSchema, required: [], properties: { namespace: properties.namespace } },
        steps: [{ name: 'report', uses: 'report' }],
      },
      '/targetSelector',
      'needs a parameter oCloud or edge',
    ],
  ])('%s is refused where it stands', (_what, fields, pointer, why) => {
    expect(faults(fields)).toEqual([{ pointer: pointer, message: expect.stringContaining(why) }])
  })

  test.each<[string, object, string]>([
    [
      'a hook without an image',
      { hooks: { preProvision: [{ name: 'a', timeoutSeconds: 1 }] } },
      '/hooks/preProvision/0/image',
    ],
    [
      'a hook without a time limit',
      { hooks: { preProvision: [{ name: 'a', image: 'i' }] } },
      '/hooks/preProvision/0/timeoutSeconds',
    ],
    ['a hook at no known time', { hooks: { midway: [hook('a')] } }, '/hooks'],
    ['a field that no hook has', { hooks: { preProvision: [hook('a', { shell: true })] } }, '/hooks/preProvision/0'],
    ['a quota that is no quantity', { quota: { cpu: 'much' } }, '/quota/cpu'],
    ['an empty quota', { quota: {} }, '/quota'],
    ['an empty selector', { targetSelector: {} }, '/targetSelector'],
    [
      'In without values',
      { targetSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      '/targetSelector/matchExpressions/0/values',
    ],
    [
      'Exists with values',
      { targetSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } },
      '/targetSelector/matchExpressions/0/values',
    ],
    ['a selector with a reference', { targetSelector: { matchLabels: { a: '{{ b }}' } } }, '/targetSelector'],
    ['a network policy without a direction', { networkPolicy: { podSelector: {} } }, '/networkPolicy'],
    [
      'a rule of a network policy that Kubernetes does not have',
      { networkPolicy: { ingress: [{ to: [] }] } },
      '/networkPolicy/ingress/0',
    ],
    ['nobody who may approve', { approvers: [] }, '/approvers'],
    ['somebody who may approve twice', { approvers: ['ann', 'bob', 'ann'] }, '/approvers/2'],
  ])('%s is refused by its pointer', (_what, fields, pointer) => {
    expect(refused(fields)).toEqual([pointer])
  })
})
