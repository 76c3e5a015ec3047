import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type FieldError, ServiceError } from '../../../src/errors.ts'
import type { JsonObject, JsonValue } from '../../../src/json.ts'
import { STEPS } from '../../../src/provisioning/steps/registry.ts'
import type { Step } from '../../../src/provisioning/steps/step.ts'
import { acceptParameters } from '../../../src/provisioning/templates/parameters.ts'
import { checkTemplate } from '../../../src/provisioning/templates/publishing.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import { compileSchema } from '../../../src/provisioning/templates/validator.ts'

/** Steps of which only the inputs and outputs matter here. */
function step<Inputs>(uses: string, inputs: z.ZodType<Inputs>, outputs: string[] = []): Step<Inputs> {
  const never = () => Promise.reject(new Error('no step runs here'))
  return { uses, inputs, outputs, plan: never, apply: never, verify: never, undo: never }
}

const place = z.strictObject({
  target: z.string().min(1),
  count: z.int().min(1).max(5).optional(),
  mode: z.enum(['a', 'b']).default('a'),
  objects: z.array(z.looseObject({ kind: z.string() })).optional(),
})
const registry = new Map<string, Step>(
  [
    step('place', place),
    step('make', z.strictObject({ name: z.string() }), ['oCloudId', 'name']),
    step('report', z.strictObject({})),
  ].map((one: Step) => [one.uses, one]),
)

const properties: Record<string, JsonObject> = {
  oCloud: { type: 'string', format: 'o-cloud' },
  count: { type: 'integer' },
  mode: { type: 'string', default: 'a' },
  labels: { type: 'object' },
  password: { type: 'string', writeOnly: true },
  login: {
    type: 'object',
    additionalProperties: false,
    required: ['token'],
    properties: { token: { type: 'string', writeOnly: true } },
  },
}

function template(
  changes: { schema?: JsonObject; with?: Record<string, JsonValue> } & Partial<Template> = {},
): Template {
  const { schema, with: inputs, ...rest } = changes
  return {
    name: 'sample',
    version: '1.0.0',
    description: '',
    result: 'resources',
    timeoutSeconds: 60,
    parameterSchema: {
      type: 'object',
      additionalProperties: false,
      required: ['oCloud', 'login'],
      properties,
      ...schema,
    },
    steps: [
      { name: 'place', uses: 'place', with: { target: '{{ oCloud }}', ...inputs } },
      { name: 'report', uses: 'report' },
    ],
    ...rest,
  }
}

function faultsOf(refused: Template, steps: ReadonlyMap<string, Step> = registry): FieldError[] {
  try {
    checkTemplate(refused, steps)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    expect(error.code).toBe('INVALID_TEMPLATE')
    return error.fields
  }
  return []
}
const pointersOf = (refused: Template): string[] => faultsOf(refused).map(({ pointer }) => pointer)
const wide = (count: number): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, { type: 'integer', default: 1 }]))
const withProperty = (name: string, schema: JsonObject): Template =>
  template({ schema: { properties: { ...properties, [name]: schema } } })

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

  describe('the parameter schema', () => {
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
      for (let level = 0; level < 40; level += 1)
        nested = { type: 'object', default: {}, properties: { inner: nested } }
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
