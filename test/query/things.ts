import fc from 'fast-check'
import { z } from 'zod'
import type { Operator } from '../../src/query/grammar.ts'

/** A type with everything that a filter can meet. */
export const thingSchema = z.strictObject({
  id: z.string().meta({ format: 'uuid' }),
  name: z.string(),
  count: z.int(),
  ratio: z.number().optional(),
  ready: z.boolean().optional(),
  phase: z.enum(['NEW', 'OLD']).nullable(),
  severity: z.union([z.literal(0), z.literal(1), z.literal(5)]).optional(),
  at: z.string().meta({ format: 'date-time' }).optional(),
  tags: z.array(z.string()).optional(),
  numbers: z.array(z.array(z.int())).optional(),
  place: z
    .strictObject({ city: z.string(), floor: z.int().optional(), doors: z.array(z.string()).optional() })
    .optional(),
  labels: z.record(z.string(), z.string()),
  extensions: z.record(z.string(), z.unknown()).optional(),
  size: z.union([z.string(), z.number()]).optional(),
  shape: z
    .union([
      z.strictObject({ kind: z.literal('disc'), radius: z.number() }),
      z.strictObject({ kind: z.literal('box'), sides: z.array(z.number()) }),
    ])
    .optional(),
  get parts() {
    return z.array(thingSchema).optional()
  },
})

const TEXTS = ['', 'a', 'b', 'ab', 'A', "it's", 'a,b', '(x)', 'é;', '7', '70', 'true', '.*', '2026-01-01T00:00:00Z']
const UUIDS = [
  '0b7a6c1e-6d52-4f6e-9a43-0d3f5c1f9a10',
  '0B7A6C1E-6D52-4F6E-9A43-0D3F5C1F9A10',
  '11111111-2222-4333-8444-555555555555',
]
const NUMBERS = [-1, 0, 0.5, 7, 70]
const TIMES = [
  '2026-01-01T00:00:00Z',
  '2026-01-01T01:00:00+01:00',
  '2026-01-01T00:00:00.000000001Z',
  '2025-12-31T23:59:59.5-01:00',
]
const KEYS = ['a', 'a-b', 'o2ims.io/gpu', 'x~y', '@key', 'a,b']

const text = fc.constantFrom(...TEXTS, ...UUIDS)
const number = fc.constantFrom(...NUMBERS)
const time = fc.constantFrom(...TIMES)
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 })
const map = <T>(of: fc.Arbitrary<T>) => fc.dictionary(fc.constantFrom(...KEYS), of, { maxKeys: 3 })
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(text, number, fc.boolean(), fc.constant(null), time),
    map(tie('value')),
    few(tie('value')),
  ),
})).value

/** Records of that type, many of them with something left out. */
export const thing: fc.Arbitrary<Record<string, unknown>> = fc
  .letrec<{ thing: Record<string, unknown> }>((tie) => ({
    thing: fc.record(
      {
        id: fc.constantFrom(...UUIDS),
        name: text,
        count: number,
        ratio: number,
        ready: fc.boolean(),
        phase: fc.constantFrom('NEW', 'OLD', null),
        severity: fc.constantFrom(0, 1, 5),
        at: time,
        tags: few(text),
        numbers: few(few(number)),
        place: fc.record({ city: text, floor: number, doors: few(text) }, { requiredKeys: ['city'] }),
        labels: map(text),
        extensions: map(anything),
        size: fc.oneof(text, number),
        shape: fc.oneof(
          fc.record({ kind: fc.constant('disc'), radius: number }),
          fc.record({ kind: fc.constant('box'), sides: few(number) }),
        ),
        parts: fc.option(few(tie('thing')), { nil: undefined, maxDepth: 2 }),
      },
      { requiredKeys: ['id', 'name', 'count', 'phase', 'labels'] },
    ),
  }))
  .thing.map((value) => JSON.parse(JSON.stringify(value)))

/** One expression, before it is written down. */
export interface Asked {
  operator: Operator
  path: string[]
  values: string[]
  /** Of the attribute: what the reference evaluator is told. */
  kind: 'string' | 'uuid' | 'number' | 'date-time' | 'enum' | 'boolean' | 'open'
}

const LEAVES: [path: string[], kind: Asked['kind']][] = [
  [['id'], 'uuid'],
  [['name'], 'string'],
  [['count'], 'number'],
  [['ratio'], 'number'],
  [['ready'], 'boolean'],
  [['phase'], 'enum'],
  [['severity'], 'number'],
  [['at'], 'date-time'],
  [['tags'], 'string'],
  [['numbers'], 'number'],
  [['place', 'city'], 'string'],
  [['place', 'floor'], 'number'],
  [['place', 'doors'], 'string'],
  [['labels', '@key'], 'string'],
  [['size'], 'string'],
  [['shape', 'kind'], 'enum'],
  [['shape', 'radius'], 'number'],
  [['shape', 'sides'], 'number'],
  ...KEYS.map((key): [string[], Asked['kind']] => [['labels', key === '@key' ? '~bkey' : key], 'string']),
  ...KEYS.map((key): [string[], Asked['kind']] => [['extensions', key === '@key' ? '~bkey' : key], 'open']),
  [['extensions', '@key'], 'string'],
  [['extensions', 'a', 'a-b'], 'open'],
  [['extensions', 'a', '@key'], 'string'],
  [['extensions', 'a', 'a', 'a'], 'open'],
]
const DEEP = ['parts', 'parts'].flatMap((_, depth) =>
  LEAVES.map(([path, kind]): [string[], Asked['kind']] => [[...Array(depth + 1).fill('parts'), ...path], kind]),
)

const ORDER: Operator[] = ['gt', 'gte', 'lt', 'lte']
const EQUAL: Operator[] = ['eq', 'neq', 'in', 'nin']
const OPERATORS: Record<Asked['kind'], Operator[]> = {
  string: [...EQUAL, ...ORDER, 'cont', 'ncont'],
  uuid: [...EQUAL, ...ORDER, 'cont', 'ncont'],
  open: [...EQUAL, ...ORDER, 'cont', 'ncont'],
  number: [...EQUAL, ...ORDER],
  enum: EQUAL,
  boolean: ['eq', 'neq'],
  'date-time': ORDER,
}
const VALUES: Record<Asked['kind'], string[]> = {
  string: [...TEXTS, ...UUIDS, '0B7A6C1E', '9a43'],
  uuid: [...UUIDS, '0b7a6c1e', '0B7A'],
  open: [...TEXTS, ...UUIDS, '0B7A', ...TIMES, ...NUMBERS.map(String), 'false', '7.0', '7e0'],
  number: [...NUMBERS.map(String), '7.0', '-0', '0.7e1'],
  enum: ['NEW', 'OLD'],
  boolean: ['true', 'false'],
  'date-time': TIMES,
}

const asked: fc.Arbitrary<Asked> = fc
  .oneof({ weight: 3, arbitrary: fc.constantFrom(...LEAVES) }, fc.constantFrom(...DEEP))
  .chain(([path, kind]) =>
    fc.constantFrom(...OPERATORS[kind]).chain((operator) => {
      const values = path.at(-1) === 'kind' ? ['disc', 'box'] : VALUES[kind]
      const several = ['in', 'nin', 'cont', 'ncont'].includes(operator)
      return fc
        .array(fc.constantFrom(...values), { minLength: 1, maxLength: several ? 3 : 1 })
        .map((chosen) => ({ operator, path, values: chosen, kind }))
    }),
  )

/** Filter parameters: expressions that are ANDed, in one parameter or in several. */
export const filters: fc.Arbitrary<Asked[][]> = fc.array(fc.array(asked, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 2,
})

/** The filter as a client writes it. A path's `@key` and `~b` are written already. */
export function written(expressions: readonly Asked[]): string {
  return expressions
    .map(({ operator, path, values }) => `(${[operator, path.map(name).join('/'), ...values.map(value)].join(',')})`)
    .join(' ; ')
}

function name(raw: string): string {
  if (raw === '@key' || raw === '~bkey') return raw
  return raw.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll(',', '~a').replaceAll('@', '~b')
}

function value(text: string): string {
  return /[,)']/.test(text) ? `'${text.replaceAll("'", "''")}'` : text
}
