import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startTestApi, type TestApi, thingsRequest } from '../harness/api.ts'
import { call } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'

interface Media {
  schema: { $ref?: string }
  example?: unknown
  examples?: Record<string, { summary?: string; value?: unknown; $ref?: string }>
}
interface DocumentedOperation {
  operationId: string
  summary: string
  tags: string[]
  parameters?: { name: string; in: string; example?: string }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string; content?: Record<string, Media>; headers?: object }>
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, DocumentedOperation>>
  components: { schemas: object; examples: Record<string, { value: { status: number; code: string } }> }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

describe('the OpenAPI document', needs('redis'), () => {
  let api: TestApi
  let document: Document

  beforeAll(async () => {
    api = await startTestApi({ worker: false })
    document = (await call(`${api.url}/openapi/o2ims.json`)).body
  })
  afterAll(() => api?.close())

  function operations(): { path: string; method: string; operation: DocumentedOperation }[] {
    return Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    )
  }

  test('is the same as YAML, and version 3.1', async () => {
    const yaml = await call(`${api.url}/openapi/o2ims.yaml`)
    expect(yaml.headers.get('content-type')).toContain('yaml')
    expect(parse(yaml.body)).toEqual(document)
    expect(document.openapi).toBe('3.1.0')
  })

  test('gives each operation an id of its own, a tag, a summary, and its errors', () => {
    const all = operations().map(({ operation }) => operation)
    expect(all.length).toBeGreaterThan(25)
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length)
    for (const { operationId, tags, summary, responses } of all) {
      expect([tags.length, summary.length > 5], operationId).toEqual([1, true])
      expect(Object.keys(responses), operationId).toEqual(expect.arrayContaining(['400', '500', '503']))
    }
  })

  test('has examples for every body, and all examples match their schemas', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    addFormats.default(ajv)
    ajv.addSchema({ $id: 'https://o2ims.test/document', ...document })
    const problemExamples = Object.entries(document.components.examples)
    for (const { operation, method } of operations()) {
      if (['POST', 'PUT'].includes(method) && !/cancel|retry|replay/.test(operation.operationId))
        expect(
          Object.keys(operation.requestBody?.content['application/json']?.examples ?? {}),
          operation.operationId,
        ).not.toEqual([])
      const media = [operation.requestBody, ...Object.values(operation.responses)].flatMap((body) =>
        Object.values(body?.content ?? {}),
      )
      for (const { schema, example, examples } of media) {
        const values = Object.values(examples ?? {}).flatMap(({ value }) => (value === undefined ? [] : [value]))
        const validate = ajv.compile(absolute(schema))
        for (const value of [...values, ...(example === undefined ? [] : [example])])
          expect(validate(value), `${operation.operationId}: ${JSON.stringify(validate.errors)}`).toBe(true)
      }
    }
    const problem = ajv.compile({ $ref: 'https://o2ims.test/document#/components/schemas/Problem' })
    for (const [code, { value }] of problemExamples) expect([problem(value), value.code]).toEqual([true, code])
  })

  test('says the truth about methods: what is not defined on a path is a 405 with Allow', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const url = api.url + concrete(path, item)
      const defined = Object.keys(item).map((method) => method.toUpperCase())
      for (const method of METHODS.filter((one) => !defined.includes(one))) {
        const answer = await call(url, method, method === 'GET' ? undefined : {})
        expect([answer.status, answer.body.code], `${method} ${path}`).toEqual([405, 'METHOD_NOT_ALLOWED'])
        const allow = answer.headers.get('allow')?.split(', ') ?? []
        expect(allow.filter((one) => one !== 'HEAD' && one !== 'OPTIONS').sort(), path).toEqual(defined.sort())
      }
      const options = await call(url, 'OPTIONS')
      expect([options.status, options.body]).toEqual([204, ''])
    }
  })

  test('holds with a slash at the end of each path too, which stands in no answer', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const url = api.url + concrete(path, item)
      const [plain, slash] = await Promise.all([url, `${url}/`].map((one) => call(one, 'OPTIONS')))
      expect([slash?.status, slash?.headers.get('allow')], path).toEqual([204, plain?.headers.get('allow')])
    }
    const list = '/O2ims_infrastructureProvisioning/v1/provisioningRequests'
    const made = await call(`${api.url}${list}/`, 'POST', thingsRequest('with-a-slash'))
    expect([made.status, made.headers.get('location')]).toEqual([201, `${list}/with-a-slash`])
    expect((await call(`${api.url}${list}/with-a-slash/`)).body).toMatchObject({
      provisioningRequestData: thingsRequest('with-a-slash'),
    })
  })

  test('says the truth about bodies: without one, and without a content type, 400 and 415', async () => {
    const withBody = operations().filter(({ operation }) => operation.requestBody)
    expect(withBody.length).toBeGreaterThanOrEqual(7)
    for (const { path, method, operation } of withBody) {
      const url = api.url + concrete(path, document.paths[path] ?? {})
      expect((await call(url, method)).status, operation.operationId).toBe(415)
      expect((await call(url, method, '', { 'content-type': 'application/json' })).body.code).toBe('MALFORMED_BODY')
      expect((await call(url, method, '[]')).body.code).toBe('INVALID_ARGS')
    }
  })
})

test('the service says that it lives and, once the store answers, that it is ready', needs('redis'), async () => {
  const api = await startTestApi({ worker: false })
  try {
    expect((await call(`${api.url}/healthz`)).body).toEqual({ status: 'ok' })
    expect((await call(`${api.url}/readyz`)).body).toEqual({ status: 'ok' })
    await api.stopRedis()
    const away = await call(`${api.url}/readyz`)
    expect([away.status, away.body.code, away.headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '1'])
    expect((await call(`${api.url}/healthz`)).status).toBe(200)
    const list = await call(`${api.url}/o2ims/v1/provisioningRequests`)
    expect([list.status, Number(list.headers.get('retry-after')) > 0]).toEqual([503, true])
  } finally {
    await api.close()
  }
})

/** A path with its documented example values. */
function concrete(path: string, item: Record<string, DocumentedOperation>): string {
  const parameters = Object.values(item).flatMap((operation) => operation.parameters ?? [])
  return path.replaceAll(/\{([^}]+)\}/g, (_, name) => {
    const example = parameters.find((parameter) => parameter.name === name)?.example
    if (example === undefined) throw new Error(`no example for ${name} in ${path}`)
    return example
  })
}

/** References as Ajv resolves them from another schema. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"https://o2ims.test/document#/components'))
}
