import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { project } from '../../src/query/project.ts'
import { queryTypeOf } from '../../src/query/query-type.ts'
import { parseSelector, type SelectorQuery } from '../../src/query/selector.ts'
import { thing, thingSchema } from './things.ts'

const type = queryTypeOf(thingSchema)
const simple = { id: 'x', name: 'n', count: 1, phase: null, ratio: 2 }
const record: JsonObject = {
  ...simple,
  tags: ['a'],
  place: { city: 'c', floor: 1, doors: ['d'] },
  labels: { zone: 'z', rack: 'r' },
  extensions: { gpu: { count: 2, models: ['x'] }, site: 'west', 'a/b': { c: 1 } },
  parts: [{ ...simple, labels: { l: '1' }, tags: ['t'], place: { city: 'p', doors: [] } }],
}

const select = (query: SelectorQuery, excludedByDefault: string[] = []) =>
  project(parseSelector(query, type, excludedByDefault), record)

describe('the selectors (SOL 013 5.3.2)', () => {
  const { labels, ...rest } = record
  const required = { ...simple, labels }

  test('leave out nothing when there are none, or all_fields', () => {
    expect(select({})).toEqual(record)
    expect(select({ all_fields: true }, ['labels'])).toEqual(record)
    expect(select({ exclude_default: true })).toEqual(record)
    expect(parseSelector({}, type)).toEqual({ kind: 'everything' })
  })

  test('leave out what a list excludes by default, but for what is asked for', () => {
    expect(select({}, ['labels'])).toEqual(rest)
    expect(select({ exclude_default: true }, ['labels'])).toEqual(rest)
    expect(select({ exclude_default: true, fields: 'labels' }, ['labels'])).toEqual(record)
    expect(select({ exclude_default: true, fields: 'tags,labels/zone' }, ['labels'])).toEqual({
      ...rest,
      labels: { zone: 'z' },
    })
  })

  test('fields leaves all that is simple or required, and what is listed', () => {
    expect(select({ fields: 'tags' })).toEqual({ ...required, tags: ['a'] })
    expect(select({ fields: 'name' })).toEqual(required)
    expect(select({ fields: 'place' })).toEqual({ ...required, place: record.place })
    expect(select({ fields: 'place/city' })).toEqual({ ...required, place: { city: 'c', floor: 1 } })
    expect(select({ fields: 'place/doors,place' })).toEqual({ ...required, place: record.place })
    expect(select({ fields: 'labels/zone' })).toEqual({ ...simple, labels: { zone: 'z' } })
    expect(select({ fields: 'extensions/gpu/count' })).toEqual({ ...required, extensions: { gpu: { count: 2 } } })
    expect(select({ fields: 'extensions/a~1b' })).toEqual({ ...required, extensions: { 'a/b': { c: 1 } } })
    expect(select({ fields: 'parts/tags' })).toEqual({
      ...required,
      parts: [{ ...simple, labels: { l: '1' }, tags: ['t'] }],
    })
  })

  test('exclude_fields leaves all but what is listed', () => {
    const { tags: _, ...others } = record
    expect(select({ exclude_fields: 'tags' })).toEqual(others)
    expect(select({ exclude_fields: 'place/doors' })).toEqual({ ...record, place: { city: 'c', floor: 1 } })
    expect(select({ exclude_fields: 'extensions/site,extensions/gpu/models' })).toEqual({
      ...record,
      extensions: { gpu: { count: 2 }, 'a/b': { c: 1 } },
    })
    expect(select({ exclude_fields: 'parts/place,parts/tags' })).toEqual({
      ...record,
      parts: [{ ...simple, labels: { l: '1' } }],
    })
    expect(select({ exclude_fields: 'labels' }, ['labels'])).toEqual(rest)
  })

  test.each([
    [{ all_fields: true, fields: 'tags' }, 'fields', 'expected no fields together with all_fields'],
    [
      { all_fields: true, exclude_default: true },
      'exclude_default',
      'expected no exclude_default together with all_fields',
    ],
    [{ fields: 'tags', exclude_fields: 'place' }, 'exclude_fields', 'expected no exclude_fields together with fields'],
    [
      { exclude_fields: 'tags', exclude_default: true },
      'exclude_default',
      'expected no exclude_default together with exclude_fields',
    ],
    [{ fields: '' }, 'fields', 'at character 1: expected the name of an attribute'],
    [{ fields: 'tags,' }, 'fields', 'at character 6: expected the name of an attribute'],
    [{ fields: 'tags, place' }, 'fields', "at character 6: expected an attribute: there is no ' place' here"],
    [{ fields: 'tags)' }, 'fields', 'at character 5: expected a comma or the end'],
    [{ fields: 'labels/@key' }, 'fields', "at character 8: expected an attribute: there is no '@key' here"],
    [{ fields: 'place/town' }, 'fields', "at character 7: expected an attribute: there is no 'town' here"],
    [
      { exclude_fields: 'place,name' },
      'exclude_fields',
      "at character 7: expected an optional structure, array or entry of a map: 'name' is always sent",
    ],
    [
      { exclude_fields: 'labels' },
      'exclude_fields',
      "at character 1: expected an optional structure, array or entry of a map: 'labels' is always sent",
    ],
    [{ fields: 'x'.repeat(20_000) }, 'fields', 'at character 16385: expected at most 16384 characters'],
    [{ fields: Array(1_001).fill('tags').join(',') }, 'fields', 'at character 5001: expected at most 1000 attributes'],
  ])('that contradict each other or cannot be followed are refused: %j', (query, parameter, message) => {
    expect(() => parseSelector(query, type)).toThrow(expect.objectContaining({ parameter, message }))
  })

  test('never add, change or reorder anything, and what fields leaves still fits the schema', () => {
    const paths = fc.constantFrom(
      'tags',
      'place',
      'place/doors',
      'extensions/a',
      'parts',
      'parts/tags',
      'parts/parts/place',
      'shape',
      'labels/a',
    )
    fc.assert(
      fc.property(thing, fc.array(paths, { minLength: 1, maxLength: 4 }), fc.boolean(), (value, chosen, keep) => {
        const list = chosen.join(',')
        const before = JSON.stringify(value)
        const whole: JsonObject = JSON.parse(before)
        const selector = parseSelector(keep ? { fields: list } : { exclude_fields: list }, type)
        const left = project(selector, whole)
        expect(JSON.stringify(whole)).toBe(before)
        expect(whole).toMatchObject(left)
        expect(thingSchema.safeParse(left).success || !thingSchema.safeParse(whole).success).toBe(true)
      }),
    )
  })
})
