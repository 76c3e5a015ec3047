import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseLabelSelector } from '../../../src/clusters/simulated/label-selector.ts'
import { checkTarget, withTarget } from '../../../src/provisioning/templates/target-choice.ts'
import { mismatches, selectorText } from '../../../src/provisioning/templates/target-selector.ts'

const oCloud = (name: string, labels: Record<string, string>) => ({ oCloudId: `id-${name}`, name, labels })
const oClouds = [
  oCloud('west', { environment: 'edge', capability: '5g-ran' }),
  oCloud('east', { environment: 'edge', capability: '5g-ran' }),
  oCloud('core', { environment: 'core' }),
]
const schema = (required: string[]) => ({
  type: 'object',
  required,
  properties: { oCloud: { type: 'string', format: 'o-cloud' }, namespace: { type: 'string' } },
})
const template = { parameterSchema: schema(['oCloud']), targetSelector: { matchLabels: { capability: '5g-ran' } } }

describe('the O-Cloud of a request whose template selects', () => {
  test('is the first by name, whatever the order in which they were registered', () => {
    expect(withTarget(template, {}, oClouds)).toEqual({ oCloud: 'id-east' })
    expect(withTarget(template, {}, [...oClouds].reverse())).toEqual({ oCloud: 'id-east' })
  })

  test('stays what it is when the request is changed, as long as it is selected', () => {
    expect(withTarget(template, {}, oClouds, 'id-west')).toEqual({ oCloud: 'id-west' })
    expect(withTarget(template, {}, oClouds, 'id-core')).toEqual({ oCloud: 'id-east' })
  })

  test('is the one that is named', () => {
    expect(withTarget(template, { oCloud: 'core' }, oClouds)).toEqual({ oCloud: 'core' })
    expect(() => checkTarget(template, { oCloud: 'id-west' }, oClouds)).not.toThrow()
    expect(() => checkTarget(template, { oCloud: 'id-core' }, oClouds)).toThrow(
      'names core, which the template does not select: label capability must be "5g-ran" and is not there',
    )
  })

  test('is none where leaving it out means something else', () => {
    const optional = { ...template, parameterSchema: schema([]) }
    expect(withTarget(optional, {}, oClouds)).toEqual({})
  })

  test('none that is selected is an error that names what is wanted and what there is', () => {
    expect(() => withTarget(template, {}, oClouds.slice(2))).toThrow(
      'templateParameters/oCloud is left out, and no O-Cloud has the labels that the template selects, capability=5g-ran: registered are core (environment=core)',
    )
    expect(() => withTarget(template, {}, [])).toThrow('none is registered')
  })
})

test('selectors mean what they mean to Kubernetes', () => {
  const key = fc.constantFrom('a', 'b', 'c')
  const value = fc.constantFrom('1', '2')
  const labels = fc.dictionary(key, value)
  const values = fc.uniqueArray(value, { minLength: 1 })
  const expression = fc.oneof(
    fc.record({ key, operator: fc.constantFrom('In' as const, 'NotIn' as const), values }),
    fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
  )
  const selector = fc.record({ matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 3 }) })
  fc.assert(
    fc.property(selector, labels, (wanted, given) => {
      const selected = parseLabelSelector(selectorText(wanted))?.(given)
      expect(mismatches(wanted, given).length === 0).toBe(selected)
    }),
  )
})
