import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseFilter } from '../../src/query/filter.ts'
import { equalitiesOf, isEquality, literalsOf } from '../../src/query/literals.ts'
import { matches } from '../../src/query/matches.ts'
import { QueryError } from '../../src/query/query-error.ts'
import { queryTypeOf } from '../../src/query/query-type.ts'
import { attributeName } from '../../src/store/keys.ts'
import { referenceMatches } from './reference.ts'
import { filters, thing, thingSchema, written } from './things.ts'

const type = queryTypeOf(thingSchema)

describe('a filter', () => {
  test('matches what a plain evaluator of the rules says, in 10,000 cases', () => {
    const outcomes = { true: 0, false: 0 }
    fc.assert(
      fc.property(filters, thing, (asked, record) => {
        const expected = referenceMatches(asked, record)
        outcomes[`${expected}`] += 1
        expect(matches(parseFilter(asked.map(written), type), record), asked.map(written).join(' & ')).toBe(expected)
      }),
      { numRuns: 10_000 },
    )
    expect(Math.min(outcomes.true, outcomes.false)).toBeGreaterThan(1_000)
  })

  test('names only literals that stand in the text of every record that matches', () => {
    let looked = 0
    fc.assert(
      fc.property(filters, thing, (asked, record) => {
        const filter = parseFilter(asked.map(written), type)
        if (!matches(filter, record)) return
        const text = JSON.stringify(record)
        for (const group of literalsOf(filter)) {
          looked += 1
          expect(
            group.some((literal) => text.includes(literal)),
            `${group} in ${text}`,
          ).toBe(true)
        }
      }),
      { numRuns: 10_000 },
    )
    expect(looked).toBeGreaterThan(300)
  })

  test('tells for an index only values of which a record that matches has one', () => {
    const indexed = ['name', 'tags', 'id']
    fc.assert(
      fc.property(filters, thing, (asked, record) => {
        const filter = parseFilter(asked.map(written), type)
        if (!matches(filter, record)) return
        for (const { attribute, values } of equalitiesOf(filter, indexed)) {
          const held = [record[attribute]].flat().map((value) => attributeName('things', attribute, String(value)))
          expect(values.some((value) => held.includes(attributeName('things', attribute, value)))).toBe(true)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('a filter that is one equality which an index knows', () => {
  test('matches exactly what the index finds', () => {
    let asked = 0
    const indexed = ['name', 'tags', 'id']
    const one = filters
      .map((all) => all.slice(0, 1).map((part) => part.slice(0, 1)))
      .filter(([part]) => part?.[0]?.path.length === 1)
    fc.assert(
      fc.property(one, thing, (parts, record) => {
        const filter = parseFilter(parts.map(written), type)
        if (!isEquality(filter, indexed)) return
        asked += 1
        const found = equalitiesOf(filter, indexed).every(({ attribute, values }) => {
          const held = Object.hasOwn(record, attribute) ? [record[attribute]].flat() : []
          const names = held.map((value) => attributeName('things', attribute, String(value)))
          return values.some((value) => names.includes(attributeName('things', attribute, value)))
        })
        expect(matches(filter, record)).toBe(found)
      }),
      { numRuns: 2_000 },
    )
    expect(asked).toBeGreaterThan(20)
  })
})

describe('whatever is sent as a filter', () => {
  const scraps = fc.constantFrom(
    ...[
      '(',
      ')',
      ',',
      ';',
      "'",
      '/',
      '~',
      '~0',
      '~1',
      '~a',
      '~b',
      '@',
      '@key',
      ' ',
      '%',
      '\\',
      '\u0000',
      '😀',
      '.*',
      '[',
      '$',
    ],
    ...['eq', 'neq', 'in', 'cont', 'gt', 'name', 'count', 'labels', 'extensions', 'parts', 'at', 'x', '7', '__proto__'],
  )
  const soup = fc
    .array(fc.oneof(scraps, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 30 })
    .map((all) => all.join(''))
  const damaged = fc.tuple(filters, fc.nat(), fc.nat({ max: 3 }), scraps).map(([asked, at, removed, scrap]) => {
    const text = asked.map(written).join(';')
    const place = at % (text.length + 1)
    return text.slice(0, place) + scrap + text.slice(place + removed)
  })

  test.each([
    ['scraps of filters', soup],
    ['filters with a fault', damaged],
  ])('is a filter, or is refused with a position and what was expected: %s', (_, texts) => {
    fc.assert(
      fc.property(texts, thing, (text, record) => {
        try {
          expect(typeof matches(parseFilter([text], type), record)).toBe('boolean')
        } catch (error) {
          if (!(error instanceof QueryError)) throw error
          expect(error.position).toBeGreaterThanOrEqual(1)
          expect(error.position).toBeLessThanOrEqual([...text].length + 1)
          expect(error.message).toMatch(/^at character \d+: expected ./)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})
