import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/json.ts'
import { parseText, renderInputs } from '../../../src/provisioning/templates/references.ts'

const scope = (parameters: JsonObject, steps = {}) => ({ parameters, steps })

describe('references in the inputs of a step', () => {
  test('alone in a string a reference keeps the type of its value', () => {
    const parameters = { count: 3, flag: false, nothing: null, list: [1, 'x'], nested: { a: { b: 'deep' } } }
    const inputs = {
      count: '{{ count }}',
      flag: '{{flag}}',
      nothing: '{{ nothing }}',
      list: '{{ list }}',
      deep: '{{ /nested/a/b }}',
      second: '{{ /list/1 }}',
    }
    expect(renderInputs(inputs, scope(parameters))).toEqual({
      count: 3,
      flag: false,
      nothing: null,
      list: [1, 'x'],
      deep: 'deep',
      second: 'x',
    })
  })

  test('inside text scalars become text', () => {
    expect(renderInputs({ text: 'cu-{{ n }}-{{ flag }}-{{ s }}!' }, scope({ n: 7, flag: true, s: 'x' }))).toEqual({
      text: 'cu-7-true-x!',
    })
  })

  test('a list or an object inside text is refused, and the value is not repeated', () => {
    const render = () => renderInputs({ text: 'a {{ o }}' }, scope({ o: { secret: 'hush' } }))
    expect(render).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGS', message: expect.not.stringContaining('hush') }),
    )
  })

  test('an absent parameter takes its key or its list entry with it', () => {
    const inputs = { a: '{{ absent }}', b: { c: '{{ /x/y }}', d: 1 }, e: ['{{ absent }}', 'kept'] }
    expect(renderInputs(inputs, scope({}))).toEqual({ b: { d: 1 }, e: ['kept'] })
  })

  test('what stands on the prototype of every object is absent', () => {
    expect(
      renderInputs(
        { a: '{{ constructor }}', b: '{{ /values/toString }}', c: '{{ __proto__ }}' },
        scope({ values: {} }),
      ),
    ).toEqual({})
  })

  test('outputs of earlier steps are put in', () => {
    const steps = { cluster: { oCloudId: 'id-1', name: 'x' } }
    expect(
      renderInputs({ target: '{{ steps.cluster.oCloudId }}', text: 'on {{ steps.cluster.name }}' }, scope({}, steps)),
    ).toEqual({ target: 'id-1', text: 'on x' })
  })

  test('an output that is not there is an error, but in a plan it is known later', () => {
    const inputs = { target: '{{ steps.cluster.oCloudId }}', text: 'on {{ steps.cluster.name }}' }
    expect(() => renderInputs(inputs, scope({}))).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
    expect(renderInputs(inputs, { ...scope({}), unknown: '(later)' })).toEqual({
      target: '(later)',
      text: 'on (later)',
    })
  })

  test('what looks like a reference in a value is never read as one', () => {
    fc.assert(
      fc.property(fc.string(), (before) => {
        const value = `${before}{{ other }}`
        const rendered = renderInputs({ alone: '{{ a }}', inside: 'x{{ a }}' }, scope({ a: value, other: 'taken' }))
        expect(rendered).toEqual({ alone: value, inside: `x${value}` })
      }),
    )
  })

  test('inputs without references stay as they are', () => {
    const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('{{'))
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (inputs) => {
        const plain: JsonObject = JSON.parse(JSON.stringify(inputs))
        expect(JSON.stringify(renderInputs(plain, scope({})))).toBe(JSON.stringify(plain))
      }),
    )
  })

  test('a text is cut into pieces that give the text again', () => {
    const piece = fc.oneof(
      fc.constantFrom('{{ a }}', '{{ /a/b }}', '{{steps.x.y}}', '{{', '}}', '{{ }}', '{{ a b }}'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const parts = parseText(pieces.join(''))
        const cut = parts.map((part) =>
          'literal' in part ? part.literal : 'malformed' in part ? part.malformed : part.reference.text,
        )
        for (const text of cut) expect(pieces.join('')).toContain(text)
        for (const part of parts) if ('literal' in part) expect(part.literal).not.toContain('{{')
      }),
    )
  })

  test.each([
    '{{ a b }}',
    '{{ }}',
    '{{ a',
    '{{ a.b }}',
    '{{ steps.x }}',
    '{{ steps.x.y.z }}',
    '{{ {{ a }} }}',
    'x {{ 1a }}',
  ])('%s is malformed', (text) => {
    expect(parseText(text).some((part) => 'malformed' in part)).toBe(true)
  })
})
