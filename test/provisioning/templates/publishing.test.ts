import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/json.ts'
import { STEPS } from '../../../src/provisioning/steps/registry.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import { faultsOf, pointersOf, template } from './refused.ts'

describe('publishing a template', () => {
  test('what is sound is accepted', () => {
    expect(faultsOf(template())).toEqual([])
  })

  describe('the head', () => {
    test.each<[string, Partial<Template>, string]>([
      ['a name with a slash', { name: 'a/b' }, '/name'],
      ['a name in capitals', { name: 'Sample' }, '/name'],
      ['a version that is none', { version: '1.0' }, '/version'],
      ['no time at all', { timeoutSeconds: 0 }, '/timeoutSeconds'],
      ['more than a day', { timeoutSeconds: 86_401 }, '/timeoutSeconds'],
      ['no steps', { steps: [] }, '/steps'],
    ])('%s is refused', (_, change, pointer) => {
      expect(pointersOf(template(change))).toEqual([pointer])
    })
  })

  describe('the steps', () => {
    test('an unknown uses names those that there are', () => {
      const faults = faultsOf(template({ steps: [{ name: 'x', uses: 'shell' }] }))
      expect(faults).toEqual([{ pointer: '/steps/0/uses', message: 'must be one of make, place, report' }])
    })

    test('two steps of one name are refused', () => {
      const twice = { name: 'report', uses: 'report' }
      expect(pointersOf(template({ steps: [twice, twice] }))).toEqual(['/steps/1/name'])
    })

    test.each([
      ['an unknown parameter', '{{ nowhere }}', 'names no parameter'],
      ['an unknown place in a closed object', '{{ /login/user }}', 'names no parameter'],
      ['what is no reference', '{{ a.b.c.d }}', 'is not a reference'],
      ['what is not closed', 'x{{ oCloud', 'is not a reference'],
      ['a step that is not there', '{{ steps.none.x }}', 'names no earlier step'],
      ['a later step', '{{ steps.report.x }}', 'names no earlier step'],
      ['an object inside text', 'x-{{ labels }}', 'must be a string'],
      ['an optional parameter inside text', 'x-{{ count }}', 'may be absent'],
    ])('%s is refused', (_, target, why) => {
      expect(faultsOf(template({ with: { target } }))).toEqual([
        { pointer: '/steps/0/with/target', message: expect.stringContaining(why) },
      ])
    })

    test('outputs of earlier steps may be used, those that they declare', () => {
      const make = { name: 'make', uses: 'make', with: { name: 'x' } }
      const uses = (reference: string) =>
        template({ steps: [make, { name: 'place', uses: 'place', with: { target: reference } }] })
      expect(faultsOf(uses('{{ steps.make.oCloudId }}'))).toEqual([])
      expect(faultsOf(uses('{{ steps.make.uid }}'))).toEqual([
        { pointer: '/steps/1/with/target', message: '{{ steps.make.uid }}: step make gives oCloudId, name' },
      ])
    })

    test('a reference in a name is refused', () => {
      expect(pointersOf(template({ with: { objects: [{ kind: 'X', labels: { '{{ mode }}': 'x' } }] } }))).toEqual([
        '/steps/0/with/objects/0/labels/{{ mode }}',
      ])
    })

    test('constants are checked against the inputs of the step', () => {
      expect(
        faultsOf(template({ with: { count: 9, mode: 'c', extra: 1 } }))
          .map(({ pointer }) => pointer)
          .sort(),
      ).toEqual(['/steps/0/with/count', '/steps/0/with/extra', '/steps/0/with/mode'])
    })

    test.each([...STEPS.keys()])('what is no input of %s is refused by name, for its inputs are closed', (uses) => {
      const misspelt = template({ steps: [{ name: 'x', uses, with: { targett: 'edge-1' } }] })
      expect(faultsOf(misspelt, STEPS)).toContainEqual({
        pointer: '/steps/0/with/targett',
        message: 'is no input of this step',
      })
    })

    test('references are not: what they become is known with the parameters', () => {
      expect(faultsOf(template({ with: { count: '{{ count }}', mode: '{{ mode }}' } }))).toEqual([])
    })

    test('an input that must be there cannot hang on a parameter that may be absent', () => {
      expect(faultsOf(template({ with: { target: '{{ /labels/target }}' } }))).toEqual([
        { pointer: '/steps/0/with/target', message: expect.stringContaining('may be absent') },
      ])
      expect(faultsOf(template({ steps: [{ name: 'place', uses: 'place', with: {} }] }))).toEqual([
        { pointer: '/steps/0/with/target', message: 'is required' },
      ])
    })
  })

  describe('a Secret in a template', () => {
    const secret = (content: JsonObject) =>
      template({ with: { objects: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, ...content }] } })

    test.each<[string, JsonObject, string]>([
      ['a value that stands there', { stringData: { password: 'hush' } }, '/stringData/password'],
      ['base64 that stands there', { data: { password: 'aHVzaA==' } }, '/data/password'],
      ['a parameter that everybody may read', { stringData: { password: '{{ mode }}' } }, '/stringData/password'],
    ])('with %s is refused', (_, content, pointer) => {
      expect(pointersOf(secret(content))).toEqual([`/steps/0/with/objects/0${pointer}`])
    })

    test('may take its values from writeOnly parameters, nested ones too', () => {
      expect(
        faultsOf(secret({ stringData: { password: '{{ password }}', token: 'Bearer {{ /login/token }}' } })),
      ).toEqual([])
    })
  })
})
