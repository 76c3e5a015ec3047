// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of kpt
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { JsonObject } from '../../src/json.ts'
import { applySetters, setterNames } from '../../src/packages/setters.ts'

/** The text after the values were set. */
function set(text: string, values: JsonObject): string {
  const documents = [...parseAllDocuments(text)]
  applySetters(documents, values)
  return documents.map(String).join('')
}

/** The first document after the values were set, as data. */
function dataOf(text: string, values: JsonObject): unknown {
  const documents = [...parseAllDocuments(text)]
  applySetters(documents, values)
  return documents[0]?.toJS()
}

const invalid = (message: string | RegExp) => ({
  code: 'INVALID_ARGS',
  message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
})

function failure(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}

describe('setters', () => {
  test('set a value and keep every comment', () => {
    const text = '# head\nspec:\n  replicas: 1 # kpt-set: ${replicas}\n  # between\n  paused: false # plain\n'
    expect(set(text, { replicas: 3 })).toBe(text.replace('replicas: 1', 'replicas: 3'))
  })

  test('without a value leave what stands in the file', () => {
    const text = 'a: 1 # kpt-set: ${a}\nb: x # kpt-set: ${b}\n'
    expect(set(text, { a: 2 })).toBe('a: 2 # kpt-set: ${a}\nb: x # kpt-set: ${b}\n')
    expect(set(text, {})).toBe(text)
  })

  test('fill a text of several parts, the others from the file', () => {
    const text = 'image: localhost:5000/ran/du:1.2 # kpt-set: ${image}:${tag}\n'
    expect(dataOf(text, { tag: '2.0' })).toEqual({ image: 'localhost:5000/ran/du:2.0' })
    expect(dataOf(text, { image: 'du' })).toEqual({ image: 'du:1.2' })
    expect(dataOf(text, { image: 'du', tag: 3 })).toEqual({ image: 'du:3' })
  })

  test('need all parts where the file does not look like the pattern', () => {
    const text = 'image: du # kpt-set: ${image}:${tag}\n'
    expect(failure(() => set(text, { tag: '2' }))).toMatchObject(invalid('"image" must be given as well'))
    expect(dataOf(text, { image: 'cu', tag: '2' })).toEqual({ image: 'cu:2' })
  })

  test('replace a list, block or flow, also an empty one', () => {
    const text = 'a: # kpt-set: ${list}\n  - x\n  - y\nb: [1, 2] # kpt-set: ${list}\nc: [] # kpt-set: ${list}\n'
    const list = ['p', 'q', 'r']
    expect(dataOf(text, { list })).toEqual({ a: list, b: list, c: list })
    expect(dataOf(text, { list: [] })).toEqual({ a: [], b: [], c: [] })
  })

  test('set an item of a list', () => {
    expect(dataOf('args:\n  - --site=a # kpt-set: --site=${site}\n  - -v\n', { site: 'b' })).toEqual({
      args: ['--site=b', '-v'],
    })
  })

  test('keep the type that the file has', () => {
    const text = 'n: 1 # kpt-set: ${v}\nt: "1" # kpt-set: ${v}\nb: true # kpt-set: ${w}\n'
    expect(dataOf(text, { v: '8', w: 'false' })).toEqual({ n: 8, t: '8', b: false })
    expect(dataOf(text, { v: 8, w: false })).toEqual({ n: 8, t: '8', b: false })
    expect(dataOf(text, { v: '250m' })).toEqual({ n: '250m', t: '250m', b: true })
  })

  test('name the values that there are when one is unknown', () => {
    const text = 'a: 1 # kpt-set: ${replicas}\nb: x # kpt-set: ${site}-${unit}\n'
    expect(failure(() => set(text, { repicas: 2 }))).toMatchObject(
      invalid('no value named "repicas"; it takes replicas, site, unit'),
    )
    expect(failure(() => set('a: 1\n', { x: 2 }))).toMatchObject(invalid('it takes none'))
    expect(failure(() => set(text, JSON.parse('{"__proto__": 1}')))).toMatchObject(invalid('"__proto__"'))
  })

  test.each([
    ['a list for a text', 'a: x # kpt-set: ${v}\n', ['y'], 'must be a text'],
    ['an object for a text', 'a: x # kpt-set: ${v}\n', { k: 'y' }, 'must be a text'],
    ['null for a text', 'a: x # kpt-set: ${v}\n', null, 'must be a text'],
    ['a text for a list', 'a: [x] # kpt-set: ${v}\n', 'y', 'must be a list'],
    ['objects in a list', 'a: [x] # kpt-set: ${v}\n', [{ k: 1 }], 'must be a list of'],
    ['a list in a text of several parts', 'a: x-y # kpt-set: ${v}-${w}\n', ['y'], 'must be a text'],
  ])('refuse %s', (_, text, value, message) => {
    expect(failure(() => set(text, { v: value }))).toMatchObject(invalid(message))
  })

  test('are found in all documents, and nowhere else', () => {
    const documents = [
      ...parseAllDocuments('a: 1 # kpt-set: ${x}\n---\nb: "# kpt-set: ${no}" # kpt-set: ${y}:${z}\nc: 1 # set ${no}\n'),
    ]
    expect(setterNames(documents)).toEqual(['x', 'y', 'z'])
  })

  test('put any text in as it is: it comes out of YAML again, and nothing in it is filled in once more', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('${b}', '$&', '$1', 'yes', '~', '- x', 'a: b', '#', '"', '0x1f', '\n', ''),
    )
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        const text = 'one: old # kpt-set: ${a}\nmixed: x/y # kpt-set: ${a}/${b}\n'
        const [again] = parseAllDocuments(set(text, { a, b }))
        expect(again?.toJS()).toEqual({ one: a, mixed: `${a}/${b}` })
      }),
    )
  })

  test('set twice give what the last values say', () => {
    const part = fc.stringMatching(/^[a-z0-9.]{1,12}$/)
    fc.assert(
      fc.property(part, part, part, (image, tag, other) => {
        const once = set('image: a:b # kpt-set: ${image}:${tag}\n', { image, tag })
        expect(dataOf(once, { tag: other })).toEqual({ image: `${image}:${other}` })
      }),
    )
  })
})
