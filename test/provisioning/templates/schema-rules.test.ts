import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/json.ts'
import { acceptParameters } from '../../../src/provisioning/templates/parameters.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import { compileSchema } from '../../../src/provisioning/templates/validator.ts'
import { faultsOf, pointersOf, properties, template } from './refused.ts'

const withProperty = (name: string, schema: JsonObject): Template =>
  template({ schema: { properties: { ...properties, [name]: schema } } })
const wide = (count: number): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, { type: 'integer', default: 1 }]))

describe('the parameter schema of a template', () => {
  test.each<[string, JsonObject, string]>([
    ['an open root', { additionalProperties: true }, '/parameterSchema/additionalProperties'],
    ['a root that is no object', { type: 'array' }, '/parameterSchema/type'],
    ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }, '/parameterSchema/$schema'],
    ['an id', { $id: 'https://example.com/x' }, '/parameterSchema/$id'],
    ['an unknown keyword', { require: ['a'] }, '/parameterSchema'],
  ])('%s is refused', (_, schema, pointer) => {
    expect(pointersOf(template({ schema }))).toContain(pointer)
  })

  test.each<[string, JsonObject, string]>([
    ['a wrong type', { type: 'text' }, '/type'],
    ['an unknown format', { type: 'string', format: 'phone' }, '/format'],
    ['a pattern that looks ahead', { type: 'string', pattern: '(?=a)' }, '/pattern'],
    ['a pattern that is none', { type: 'string', pattern: '(' }, '/pattern'],
    ['a reference to elsewhere', { $ref: 'https://example.com/schema.json' }, '/$ref'],
    ['a reference to nothing', { $ref: '#/$defs/none' }, '/$ref'],
    ['an O-Cloud in a list', { type: 'array', items: { type: 'string', format: 'o-cloud' } }, '/items/format'],
    ['a secret in a list', { type: 'array', items: { type: 'string', writeOnly: true } }, '/items/writeOnly'],
    ['a secret with a default', { type: 'string', writeOnly: true, default: 'hush' }, '/default'],
  ])('a property with %s is refused', (_, schema, pointer) => {
    expect(pointersOf(withProperty('x', schema))).toEqual([`/parameterSchema/properties/x${pointer}`])
  })

  test.each<[string, JsonObject, string, string]>([
    ['of another type', { type: 'integer', default: '3' }, '', 'x itself: must be a whole number'],
    ['out of bounds', { type: 'integer', maximum: 5, default: 6 }, '', 'x itself: must be at most 5'],
    ['that no $ref allows', { $ref: '#/$defs/port', default: 0 }, '', 'x itself: must be at least 1'],
    ['with a wrong entry', { type: 'array', items: { type: 'string' }, default: [1] }, '/0', 'must be a string'],
    ['that lacks a field', { type: 'object', required: ['a'], default: {} }, '/a', 'x itself: is required'],
  ])('a default %s is refused with the name of its parameter', (_, schema, inside, why) => {
    const $defs = { port: { type: 'integer', minimum: 1 } }
    const asked = template({ schema: { $defs, properties: { ...properties, x: schema } } })
    expect(faultsOf(asked)).toEqual([
      {
        pointer: `/parameterSchema/properties/x/default${inside}`,
        message: expect.stringMatching(new RegExp(`^is refused by the schema of .*${why.replace('$', '.')}$`)),
      },
    ])
  })

  test('defaults inside of objects and lists are looked at too, and sound ones accepted', () => {
    const inner = { type: 'object', properties: { port: { type: 'integer', default: '1' } } }
    const at = '/parameterSchema/properties'
    expect(pointersOf(withProperty('x', inner))).toEqual([`${at}/x/properties/port/default`])
    expect(pointersOf(withProperty('x', { type: 'array', items: inner }))).toEqual([
      `${at}/x/items/properties/port/default`,
    ])
    const sound = { type: 'object', required: ['port'], properties: { port: { type: 'integer', default: 1 } } }
    expect(faultsOf(withProperty('x', { ...sound, default: {} }))).toEqual([])
    expect(faultsOf(withProperty('x', { type: ['string', 'null'], default: null }))).toEqual([])
  })

  test('many defaults in nested schemas cost no more than a moment', () => {
    let nested: JsonObject = { type: 'object', default: {}, properties: wide(200) }
    for (let level = 0; level < 40; level += 1) nested = { type: 'object', default: {}, properties: { inner: nested } }
    const started = performance.now()
    expect(pointersOf(withProperty('x', nested))).toEqual(['/parameterSchema'])
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('references inside of the document are followed', () => {
    const schema = {
      $defs: { port: { type: 'integer' } },
      properties: { ...properties, a: { $ref: '#/$defs/port' }, b: { $ref: '#/$defs/port' } },
    }
    expect(faultsOf(template({ schema }))).toEqual([])
  })

  test('a schema that contains itself is refused', () => {
    const schema = {
      $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { items: { $ref: '#/$defs/a' } } },
      properties: { ...properties, x: { $ref: '#/$defs/a' } },
    }
    expect(faultsOf(template({ schema })).map(({ message }) => message)).toContain(
      'comes back to itself: recursive schemas are not allowed',
    )
  })

  test('references that multiply are refused', () => {
    const $defs: JsonObject = { d0: { type: 'string' } }
    for (let level = 1; level <= 30; level += 1) {
      $defs[`d${level}`] = { allOf: [{ $ref: `#/$defs/d${level - 1}` }, { $ref: `#/$defs/d${level - 1}` }] }
    }
    const started = performance.now()
    expect(
      faultsOf(template({ schema: { $defs, properties: { ...properties, x: { $ref: '#/$defs/d30' } } } })),
    ).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('one that is too large is refused', () => {
    expect(pointersOf(withProperty('x', { type: 'string', description: 'x'.repeat(70_000) }))).toEqual([
      '/parameterSchema',
    ])
  })

  test('whatever JSON comes as a schema is accepted or refused, and what is accepted can be run', async () => {
    const { schema } = fc.letrec<{ schema: JsonValue }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 5, depthSize: 'small' },
        fc.constantFrom<JsonValue>(
          true,
          false,
          null,
          0,
          'x',
          'string',
          'o-cloud',
          '#',
          '#/$defs/a',
          '^(a+)+$',
          '(',
          ['string', 'null'],
          ['a'],
        ),
        fc.dictionary(
          fc.constantFrom(
            ...[
              'type',
              'format',
              'pattern',
              'properties',
              'items',
              'required',
              'default',
              'writeOnly',
              '$ref',
              '$defs',
              'anyOf',
              'allOf',
            ],
            ...[
              'additionalProperties',
              'patternProperties',
              'enum',
              'const',
              'if',
              'a',
              '__proto__',
              'constructor',
              'minimum',
              '$id',
            ],
          ),
          tie('schema'),
          { maxKeys: 5 },
        ),
        fc.array(tie('schema'), { maxLength: 3 }),
      ),
    }))
    const wild = fc.record(
      { type: fc.constantFrom('string', 'object', 'integer'), default: fc.jsonValue(), writeOnly: fc.boolean() },
      { requiredKeys: [] },
    )
    const typed = <T>(type: string, value: fc.Arbitrary<T>) =>
      fc.record({ type: fc.constant(type), default: value }, { requiredKeys: ['type'] })
    const sound = fc.oneof(wild, typed('string', fc.string()), typed('integer', fc.integer()))
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(schema, sound),
        fc.oneof(schema, fc.constant({})),
        fc.jsonValue(),
        async (property, $defs, value) => {
          const asked = template({
            schema: {
              required: [],
              properties: { oCloud: { type: 'string', default: 'x' }, x: property } as JsonObject,
              $defs: $defs as JsonObject,
            },
          })
          const plain: Template = JSON.parse(JSON.stringify(asked))
          if (faultsOf(plain).length > 0) return
          accepted += 1
          const parameterSchema = plain.parameterSchema
          const parameters: JsonObject = JSON.parse(JSON.stringify({ x: value }))
          const outcome = acceptParameters(parameters, {
            schema: parameterSchema,
            validate: compileSchema(parameterSchema),
            resolveOCloud: async () => 'id',
          })
          await outcome.catch((error: unknown) => expect(error).toMatchObject({ code: 'TEMPLATE_PARAMETERS' }))
          if ((property as JsonObject | null)?.default === undefined) return
          // What has a default may be left out.
          await acceptParameters(
            {},
            { schema: parameterSchema, validate: compileSchema(parameterSchema), resolveOCloud: async () => 'id' },
          )
        },
      ),
      { numRuns: 1000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  test('properties may be called like keywords', () => {
    const schema = {
      properties: {
        ...properties,
        format: { type: 'string', default: 'o-cloud' },
        writeOnly: { type: 'boolean' },
        properties: { type: 'object' },
      },
    }
    expect(faultsOf(template({ schema }))).toEqual([])
  })
})
