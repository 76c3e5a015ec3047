import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseFilter } from '../../src/query/filter.ts'
import { equalitiesOf, literalsOf } from '../../src/query/literals.ts'
import { matches } from '../../src/query/matches.ts'
import { QueryError } from '../../src/query/query-error.ts'
import { queryTypeOf } from '../../src/query/query-type.ts'
import { thingSchema } from './things.ts'

const type = queryTypeOf(thingSchema)
const record = {
  id: '0b7a6c1e-6d52-4f6e-9a43-0d3f5c1f9a10',
  name: "it's a, b) node",
  count: 7,
  phase: 'NEW',
  ready: true,
  at: '2026-01-01T01:00:00+01:00',
  tags: ['red', 'green'],
  numbers: [[1, 2], [30]],
  place: { city: 'Hsinchu' },
  labels: { 'topology.kubernetes.io/zone': 'z-1', 'a~b': 'tilde', '@key': 'at', 'a,b': 'comma' },
  extensions: { gpu: { count: 2, models: [{ name: 'x', free: true }] }, version: '1.2', when: '2026-01-01T00:00:00Z' },
  shape: { kind: 'disc', radius: 3 },
  parts: [
    { id: 'p1', name: 'fan', count: 1, tags: ['red'] },
    { id: 'p2', name: 'disk', count: 2, parts: [{ id: 'p3', name: 'platter', count: 4 }] },
  ],
}

const says = (...filter: string[]) => matches(parseFilter(filter, type), record)

function refusal(...filter: string[]): string {
  try {
    parseFilter(filter, type)
  } catch (error) {
    if (error instanceof QueryError) return error.message
    throw error
  }
  return 'accepted'
}

describe('a filter (SOL 013 5.2.2)', () => {
  test.each([
    ['(eq,count,7)', true],
    ['(eq,count,7.0)', true],
    ['(neq,count,7)', false],
    ['(in,count,1,7,9)', true],
    ['(nin,count,1,9)', true],
    ['(gt,count,6)', true],
    ['(gte,count,7)', true],
    ['(lt,count,7)', false],
    ['(lte,count,7)', true],
    ['(cont,place/city,nowhere,sin)', true],
    ['(ncont,place/city,nowhere,sin)', false],
    ['(gt,place/city,H)', true],
    ['(eq,ready,true)', true],
    ['(eq,phase,NEW)', true],
    ['(in,phase,NEW,OLD)', true],
  ])('has ten operators: %s', (filter, expected) => {
    expect(says(filter)).toBe(expected)
  })

  test.each([
    ["(eq,name,'it''s a, b) node')", true],
    ["(cont,name,'''')", true],
    ["(cont,name,'a, b)')", true],
    ['(eq,labels/topology.kubernetes.io~1zone,z-1)', true],
    ['(eq,labels/a~0b,tilde)', true],
    ['(eq,labels/~bkey,at)', true],
    ['(eq,labels/a~ab,comma)', true],
    ['(eq,labels/@key,a~b)', true],
    ['(eq,labels/@key,topology.kubernetes.io/zone)', true],
    ['(cont,labels/@key,kubernetes)', true],
    ['(eq,labels/@key,nothing)', false],
    ['(neq,labels/nothing,x)', true],
  ])('quotes values, escapes names and asks for the keys of maps: %s', (filter, expected) => {
    expect(says(filter)).toBe(expected)
  })

  test('is no filter when it is empty or blank, and takes blanks around ;', () => {
    expect([says(), says(''), says(' \t')]).toEqual([true, true, true])
    expect(says('  (eq,count,7) ;\t(eq,phase,NEW)  ')).toBe(true)
    expect(says('(eq,count,7) ; (eq,phase,OLD)')).toBe(false)
    expect(parseFilter(['', ' '], type)).toEqual([])
  })

  test('asks for one element of an array that fulfils all expressions with its prefix', () => {
    expect(says('(eq,parts/name,fan);(eq,parts/count,1)')).toBe(true)
    expect(says('(eq,parts/name,fan);(eq,parts/count,2)')).toBe(false)
    expect(says('(eq,parts/parts/name,platter);(eq,parts/name,disk)')).toBe(true)
    expect(says('(eq,parts/parts/name,platter);(eq,parts/name,fan)')).toBe(false)
    expect(says('(gt,numbers,2);(lt,numbers,30)')).toBe(false)
    expect(says('(eq,numbers,2)')).toBe(true)
  })

  test('is ANDed with others, each of which has elements of its own', () => {
    expect(says('(eq,tags,red);(eq,tags,green)')).toBe(false)
    expect(says('(eq,tags,red)', '(eq,tags,green)')).toBe(true)
    expect(says('(eq,tags,red)', '(eq,tags,blue)')).toBe(false)
  })

  test('does not match what is absent by a positive operator, and does by a negative one', () => {
    for (const filter of ['(eq,ratio,1)', '(in,ratio,1)', '(gt,ratio,1)', '(lte,ratio,1)', '(cont,place/doors,x)'])
      expect(says(filter), filter).toBe(false)
    for (const filter of ['(neq,ratio,1)', '(nin,ratio,1)', '(ncont,place/doors,x)', '(neq,shape/sides,1)'])
      expect(says(filter), filter).toBe(true)
    expect(matches(parseFilter(['(neq,phase,NEW)'], type), { ...record, phase: null })).toBe(true)
    expect(matches(parseFilter(['(neq,tags,red)'], type), { ...record, tags: [] })).toBe(true)
  })

  test('compares dates as instants and UUIDs without case', () => {
    expect(says('(gte,at,2026-01-01T00:00:00Z);(lte,at,2026-01-01T00:00:00.000Z)')).toBe(true)
    expect(says('(gt,at,2025-12-31T23:59:59.999999999Z)')).toBe(true)
    expect(says('(lt,at,2026-01-01T00:00:00.000000001Z)')).toBe(true)
    expect(says('(gte,extensions/when,2026-01-01T01:00:00+01:00)')).toBe(true)
    expect(says('(eq,id,0B7A6C1E-6D52-4F6E-9A43-0D3F5C1F9A10)')).toBe(true)
    expect(says('(cont,id,6D52)')).toBe(true)
  })

  test('compares UUIDs without case by their look, whatever the attribute is declared as', () => {
    const one = { ...record, name: '7C579C95-6d52-4f6e-9a43-0d3f5c1f9a10' }
    const matching = (filter: string, of = one) => matches(parseFilter([filter], type), of)
    for (const value of [one.name, one.name.toLowerCase(), one.name.toUpperCase()])
      for (const operator of ['eq', 'in', 'gte', 'lte', 'cont'])
        expect(matching(`(${operator},name,${value})`), `${operator} ${value}`).toBe(true)
    for (const operator of ['neq', 'nin', 'gt', 'lt', 'ncont'])
      expect(matching(`(${operator},name,${one.name.toUpperCase()})`), operator).toBe(false)
    expect(matching('(cont,name,7c579c95)')).toBe(true)
    expect(matching('(cont,name,abc)', { ...record, name: 'ABC' })).toBe(false)
  })

  test('follows any path in a map, where the stored value says what it is', () => {
    expect(says('(eq,extensions/gpu/count,2)')).toBe(true)
    expect(says('(gt,extensions/gpu/count,10)')).toBe(false)
    expect(says('(gt,extensions/version,1.10)')).toBe(true)
    expect(says('(eq,extensions/gpu/models/name,x);(eq,extensions/gpu/models/free,true)')).toBe(true)
    expect(says('(eq,extensions/gpu,2)')).toBe(false)
    expect(says('(neq,extensions/gpu,2)')).toBe(true)
    expect(says(`(eq,${['extensions', ...Array(50).fill('deep')].join('/')},1)`)).toBe(false)
    expect(says('(neq,extensions/__proto__/constructor,x)')).toBe(true)
  })

  test('looks into each form of a choice', () => {
    expect(says('(eq,shape/kind,disc);(gt,shape/radius,2)')).toBe(true)
    expect(says('(eq,shape/sides,2)')).toBe(false)
  })

  test('takes the characters of regular expressions as they are', () => {
    expect(says('(cont,name,.*)')).toBe(false)
    expect(says('(eq,name,[i]t.*$)')).toBe(false)
  })
})

describe('a filter that is refused', () => {
  test.each([
    ['eq,count,7', 'at character 1: expected ('],
    ['(equal,count,7)', 'at character 2: expected one of eq, neq, gt, gte, lt, lte, in, nin, cont, ncont'],
    ['(eq)', 'at character 4: expected a comma and an attribute'],
    ['(eq,)', 'at character 5: expected the name of an attribute'],
    ['(eq,count)', 'at character 10: expected a comma and a value'],
    ['(eq,count,7', 'at character 12: expected ) at the end of the expression'],
    [
      '(eq,count,7,8)',
      'at character 12: expected ) because eq takes one value; one with a comma stands in single quotes',
    ],
    ['(eq,count,7)x', 'at character 13: expected ; or the end'],
    ['(eq,count,7);', 'at character 14: expected ('],
    ["(eq,name,'x)", "at character 13: expected ' at the end of the value"],
    ["(eq,name,'x'y)", 'at character 13: expected a comma or ) after the value'],
    [
      "(eq,name,it's)",
      'at character 12: expected no quote here: a value with one stands in single quotes, the quote twice',
    ],
    ['(eq,labels/a~2,x)', 'at character 13: expected ~0 for ~, ~1 for /, ~a for a comma or ~b for @'],
    ['(eq,labels/@keys,x)', 'at character 12: expected @key, or ~b for an @ in a name'],
    ['(eq,labels/@key/a,x)', 'at character 17: expected nothing below @key'],
    ['(eq,place//city,x)', 'at character 11: expected the name of an attribute'],
    ['(eq,😀,x)', expect.stringContaining('at character 5: expected one of id, name, count, ')],
    ['(eq,place/town,x)', "at character 11: expected one of city, floor, doors: there is no attribute 'town' here"],
    ['(eq,name/x,x)', "at character 10: expected a comma and a value: there is no attribute 'x' here"],
    ['(eq,parts/nmae,x)', expect.stringContaining("there is no attribute 'nmae' here")],
    ['(eq,place/@key,x)', 'at character 11: expected an attribute: only a map has @key'],
    ['(eq,place,x)', "at character 5: expected a simple attribute: 'place' is structured and has city, floor, doors"],
    [
      '(eq,labels,x)',
      "at character 5: expected a simple attribute: 'labels' is structured and has keys of its own, @key",
    ],
    ['(eq,parts,x)', expect.stringContaining("at character 5: expected a simple attribute: 'parts' is structured")],
    ['(cont,count,7)', "at character 2: expected eq, neq, in, nin, gt, gte, lt, lte: 'count' is number"],
    ['(gt,phase,NEW)', "at character 2: expected eq, neq, in, nin: 'phase' is enum"],
    ['(in,ready,true)', "at character 2: expected eq, neq: 'ready' is boolean"],
    ['(eq,at,2026-01-01T00:00:00Z)', "at character 2: expected gt, gte, lt, lte: 'at' is date-time"],
    ['(eq,count,seven)', 'at character 11: expected a number'],
    ['(in,count,7,,8)', 'at character 13: expected a number'],
    ['(eq,ready,yes)', 'at character 11: expected true or false'],
    ['(eq,phase,NEWER)', 'at character 11: expected NEW, OLD'],
    ['(gt,at,2026-02-30T00:00:00Z)', expect.stringContaining('at character 8: expected a date-time')],
    ['(gt,at,2026-01-01T00:00:00 01:00)', expect.stringContaining('(a + in a query is sent as %2B)')],
  ])('says where and what was expected: %s', (filter, message) => {
    expect(refusal(filter)).toEqual(message)
  })

  test('says which of several it is', () => {
    expect(() => parseFilter(['(eq,count,7)', 'x'], type)).toThrow(expect.objectContaining({ index: 1, position: 1 }))
  })

  test('is one that is larger than any that is meant', () => {
    expect(refusal(`(eq,name,${'x'.repeat(100_000)})`)).toBe('at character 16385: expected at most 16384 characters')
    expect(refusal(...Array(20).fill(`(eq,name,${'x'.repeat(1_000)})`))).toMatch(/expected at most 16384 characters$/)
    const clauses = (count: number) => Array(count).fill('(eq,count,7)').join(';')
    expect(refusal(clauses(1_000))).toBe('accepted')
    expect(refusal(clauses(1_001))).toMatch(/expected at most 1000 values$/)
    expect(refusal(`(in,count,${Array(1_001).fill('7').join(',')})`)).toMatch(/expected at most 1000 values$/)
    expect(refusal(`(eq,${Array(65).fill('parts').join('/')},7)`)).toMatch(/expected at most 64 names in a path$/)
  })
})

describe('what a store can use of a filter', () => {
  const literals = (...filter: string[]) => literalsOf(parseFilter(filter, type))

  test('are literals as JSON has them, where that is sure', () => {
    expect(literals('(eq,place/city,Hsinchu)')).toEqual([['"city":"Hsinchu"']])
    expect(literals('(in,count,7,8.50)')).toEqual([['"count":7', '"count":8.5']])
    expect(literals('(eq,ready,true)')).toEqual([['"ready":true']])
    expect(literals('(eq,tags,red)')).toEqual([['"tags":'], ['"red"']])
    expect(literals('(cont,name,fan,disk)')).toEqual([['"name":'], ['fan', 'disk']])
    expect(literals('(cont,name,fan,0B7A)')).toEqual([['"name":']])
    expect(literals('(eq,extensions/gpu/count,2)')).toEqual([['"count":'], ['"2"', '2']])
    expect(literals('(eq,labels/@key,a.b/c)')).toEqual([['"a.b/c":']])
    expect(literals('(gt,at,2026-01-01T00:00:00Z)')).toEqual([['"at":']])
    expect(literals('(eq,name,"quoted")', '(eq,id,0b7a6c1e-6d52-4f6e-9a43-0d3f5c1f9a10)')).toEqual([
      ['"name":'],
      ['"id":'],
    ])
    expect(literals('(neq,name,x);(nin,count,7);(ncont,name,x)')).toEqual([])
  })

  test('are equalities of attributes that an index knows', () => {
    const filter = parseFilter(
      ['(in,name,a,b,a);(eq,place/city,c);(neq,count,7)', '(eq,id,0B7A6C1E-6D52-4F6E-9A43-0D3F5C1F9A10)'],
      type,
    )
    expect(equalitiesOf(filter, ['name', 'id', 'count', 'city'])).toEqual([
      { attribute: 'name', values: ['a', 'b'] },
      { attribute: 'id', values: ['0B7A6C1E-6D52-4F6E-9A43-0D3F5C1F9A10'] },
    ])
  })
})

test('a type is made of any schema of the project, also of one that is closed without saying so', () => {
  const open = queryTypeOf(z.looseObject({ a: z.string() }))
  expect(open.attribute('b')?.type.open).toBe(true)
  expect(queryTypeOf(z.object({ a: z.string() })).attribute('b')).toBeUndefined()
  expect(queryTypeOf(z.object({ a: z.string().default('x') })).attribute('a')?.optional).toBe(false)
})
