import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FieldError } from '../../../src/errors.ts'
import { ServiceError } from '../../../src/errors.ts'
import type { JsonObject } from '../../../src/json.ts'
import { acceptParameters, mergeSecrets, splitSecrets } from '../../../src/provisioning/templates/parameters.ts'
import { compileSchema } from '../../../src/provisioning/templates/validator.ts'

const ID = '6f0c2d8e-4d0b-4a55-9b7e-3b1f0f7c2a10'

const schema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['oCloud'],
  properties: {
    oCloud: { type: 'string', format: 'o-cloud' },
    package: { type: 'string', default: '5g-ran' },
    workers: { type: 'integer', minimum: 0, maximum: 10 },
    driver: { enum: ['kind', 'simulated'] },
    clusterName: { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$' },
    ports: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['port'],
        properties: { port: { type: 'integer' } },
      },
    },
    password: { type: 'string', writeOnly: true, minLength: 4 },
    login: {
      type: 'object',
      required: ['token'],
      additionalProperties: false,
      properties: { user: { type: 'string' }, token: { type: 'string', writeOnly: true } },
    },
    site: {
      type: 'object',
      properties: { oCloud: { type: 'string', format: 'o-cloud' }, retries: { type: 'integer', default: 3 } },
    },
  },
}

const validate = compileSchema(schema)
const resolveOCloud = async (name: string) => (name === 'edge-1' || name === ID ? ID : undefined)
const accept = (parameters: JsonObject) => acceptParameters(parameters, { schema, validate, resolveOCloud })

async function faultsOf(parameters: JsonObject): Promise<FieldError[]> {
  const error: unknown = await accept(parameters).then(
    () => undefined,
    (refusal: unknown) => refusal,
  )
  if (!(error instanceof ServiceError)) throw new Error('these parameters were accepted')
  expect(error.code).toBe('TEMPLATE_PARAMETERS')
  return error.fields
}

describe('the parameters of a request', () => {
  test('defaults are filled in, O-Clouds become ids, and what was sent stays as it is', async () => {
    const sent = { oCloud: 'edge-1', site: { oCloud: ID } }
    const before = structuredClone(sent)
    expect(await accept(sent)).toEqual({
      parameters: { oCloud: ID, package: '5g-ran', site: { oCloud: ID, retries: 3 } },
      secrets: undefined,
      oCloudIds: [ID],
    })
    expect(sent).toEqual(before)
  })

  test('writeOnly values are taken out, nested ones too, and can be put back', async () => {
    const { parameters, secrets } = await accept({
      oCloud: 'edge-1',
      password: 'hush',
      login: { user: 'me', token: 't0ken' },
    })
    expect(parameters).toEqual({ oCloud: ID, package: '5g-ran', login: { user: 'me' } })
    expect(secrets).toEqual({ password: 'hush', login: { token: 't0ken' } })
    expect(mergeSecrets(parameters, secrets)).toEqual({
      oCloud: ID,
      package: '5g-ran',
      password: 'hush',
      login: { user: 'me', token: 't0ken' },
    })
  })

  test('every wrong value has a pointer and a sentence', async () => {
    const wrong: JsonObject = {
      workers: 11,
      driver: 'docker',
      clusterName: 'x; rm -rf /',
      ports: [{ port: '80' }, {}],
      unknown: 1,
      'a/b~c': 2,
    }
    const faults = await faultsOf(wrong)
    expect(faults.sort((a, b) => (a.pointer < b.pointer ? -1 : 1))).toEqual([
      { pointer: '/templateParameters/a~1b~0c', message: 'is not known here' },
      { pointer: '/templateParameters/clusterName', message: 'must match ^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$' },
      { pointer: '/templateParameters/driver', message: 'must be one of "kind", "simulated"' },
      { pointer: '/templateParameters/oCloud', message: 'is required' },
      { pointer: '/templateParameters/ports/0/port', message: 'must be a whole number' },
      { pointer: '/templateParameters/ports/1/port', message: 'is required' },
      { pointer: '/templateParameters/unknown', message: 'is not known here' },
      { pointer: '/templateParameters/workers', message: 'must be at most 10' },
    ])
  })

  test('an unknown O-Cloud has its pointer', async () => {
    expect(await faultsOf({ oCloud: 'edge-1', site: { oCloud: 'nowhere' } })).toEqual([
      { pointer: '/templateParameters/site/oCloud', message: 'is neither the id nor the name of a registered O-Cloud' },
    ])
  })

  test('a secret that is refused is not repeated', async () => {
    const faults = await faultsOf({ oCloud: 'edge-1', password: 'abc', login: { token: 'xyzzy', extra: 'plugh' } })
    expect(JSON.stringify(faults)).not.toMatch(/abc|xyzzy|plugh/)
    expect(faults.map(({ pointer }) => pointer).sort()).toEqual([
      '/templateParameters/login/extra',
      '/templateParameters/password',
    ])
  })

  test.each(['__proto__', 'constructor', 'toString'])('%s is a name like any other unknown one', async (name) => {
    const faults = await faultsOf(JSON.parse(`{"oCloud": "edge-1", "${name}": {"polluted": true}}`))
    expect(faults.map(({ pointer }) => pointer)).toEqual([`/templateParameters/${name}`])
    expect({}).not.toHaveProperty('polluted')
  })

  test('__proto__ is refused in free objects too', async () => {
    const faults = await faultsOf(
      JSON.parse('{"oCloud": "edge-1", "site": {"a": [{"__proto__": {"polluted": true}}]}}'),
    )
    expect(faults).toEqual([{ pointer: '/templateParameters/site/a/0/__proto__', message: 'is not allowed as a name' }])
  })

  test('what is required is not found on the prototype', async () => {
    const asked: JsonObject = { type: 'object', required: ['toString'], properties: { toString: { type: 'string' } } }
    const refusal = acceptParameters({}, { schema: asked, validate: compileSchema(asked), resolveOCloud })
    await expect(refusal).rejects.toMatchObject({
      fields: [{ pointer: '/templateParameters/toString', message: 'is required' }],
    })
  })

  test('two patterns of one schema stay two', async () => {
    const asked: JsonObject = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^a$' }, b: { type: 'string', pattern: '^b$' } },
    }
    const validateAsked = compileSchema(asked)
    expect(validateAsked({ a: 'a', b: 'b' })).toEqual([])
    expect(validateAsked({ a: 'b', b: 'a' })).toHaveLength(2)
  })

  test('too many values are refused before they cost', async () => {
    const faults = await faultsOf({ oCloud: 'edge-1', site: { list: Array.from({ length: 20_000 }, () => 1) } })
    expect(faults).toEqual([{ pointer: '/templateParameters', message: 'has more than 10000 values' }])
  })

  test('taking secrets out and putting them back gives what there was', () => {
    const places = [['a'], ['b', 'c'], ['b', 'd', 'e']]
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string()))
    const value = fc.record(
      {
        a: leaf,
        b: fc.record({ c: leaf, d: fc.record({ e: leaf, f: leaf }, { requiredKeys: [] }) }, { requiredKeys: [] }),
        g: leaf,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(value, (whole) => {
        const plain: JsonObject = JSON.parse(JSON.stringify(whole))
        const { parameters, secrets } = splitSecrets(plain, places)
        expect(mergeSecrets(parameters, secrets)).toEqual(plain)
        expect(splitSecrets(parameters, places).secrets).toBeUndefined()
      }),
    )
  })
})
