import { expect, test } from 'vitest'
import { z } from 'zod'
import { type QueryType, queryTypeOf } from '../../src/query/query-type.ts'

const place = z.strictObject({
  name: z.string(),
  note: z.union([z.strictObject({ text: z.string() }), z.strictObject({ text: z.number() })]),
  labels: z.record(z.string(), z.string()),
  free: z.unknown(),
  get parts() {
    return z.array(place).optional()
  },
})

test('a type is made once, however often and by whichever path it is asked for', () => {
  const type = queryTypeOf(place)
  const at = (...path: string[]) =>
    path.reduce<QueryType | undefined>((here, name) => here?.attribute(name)?.type, type)
  expect(at('name')).toBe(at('name'))
  expect(at('parts', 'parts', 'name')).toBe(at('name'))
  expect(at('note', 'text')).toBe(at('parts', 'note', 'text'))
  expect(at('note', 'text')?.scalars).toEqual(new Set(['string', 'number']))
  expect(at('labels', 'one')).toBe(at('labels', 'another'))
  expect(at('free', 'one')).toBe(at('free', 'another', 'below'))
  expect(type.attribute('parts')).toMatchObject({ optional: true, entry: false })
  expect(type.attribute('labels')?.type.attribute('one')).toMatchObject({ optional: true, entry: true })
})
