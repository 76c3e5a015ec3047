import { ERROR_CODES, type ErrorCode, ServiceError } from '../errors.ts'
import { createComponents, type JsonSchema } from './json-schema.ts'
import { requestHeaders, responseHeaders } from './openapi-headers.ts'
import { type AnswerDoc, type Operation, takesBody } from './operation.ts'
import { PROBLEM_TYPE, problemSchema, toProblem } from './problem.ts'

export interface Tag {
  name: string
  description: string
}

/** Codes that any operation can answer. */
const ANYWHERE: ErrorCode[] = ['FORBIDDEN', 'INTERNAL', 'UNAVAILABLE']

type Components = ReturnType<typeof createComponents>

/** The OpenAPI 3.1 document of these operations: a pure function, so that the committed file can be checked for drift. */
export function openApiDocument(operations: readonly Operation[], info: object, tags: readonly Tag[]): JsonSchema {
  const components = createComponents()
  const paths: Record<string, JsonSchema> = {}
  for (const operation of operations) {
    const item = paths[operation.path] ?? {}
    item[operation.method.toLowerCase()] = describe(operation, components)
    paths[operation.path] = item
  }
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/', description: 'This service' }],
    security: [],
    tags,
    paths,
    components: {
      schemas: sorted(components.schemas),
      headers: responseHeaders,
      examples: problemExamples(operations),
    },
  }
}

function describe(operation: Operation, components: Components): JsonSchema {
  const parameters = [
    ...fields('path', components.reference(operation.params), operation.paramExamples),
    ...fields('query', components.reference(operation.query)),
    ...(operation.requestHeaders ?? []).map((name) => requestHeaders[name]),
  ]
  return {
    operationId: operation.operationId,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description !== undefined && { description: operation.description }),
    ...(parameters.length > 0 && { parameters }),
    ...(takesBody(operation) && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: components.reference(operation.body), examples: operation.examples ?? {} },
        },
      },
    }),
    responses: { ...answers(operation, components), ...problems(operation, components) },
  }
}

function fields(place: 'path' | 'query', schema: JsonSchema, examples: Record<string, string> = {}): JsonSchema[] {
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { description, ...rest } = property
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
      ...(examples[name] !== undefined && { example: examples[name] }),
    }
  })
}

function answers(operation: Operation, components: Components): JsonSchema {
  return Object.fromEntries(Object.entries(operation.answers).map(([status, doc]) => [status, answer(doc, components)]))
}

function answer(doc: AnswerDoc, components: Components): JsonSchema {
  const json = doc.body && {
    'application/json': {
      schema: components.reference(doc.body),
      ...(doc.example !== undefined && { example: doc.example }),
      ...(doc.examples && { examples: doc.examples }),
    },
  }
  const text = Object.entries(doc.text ?? {}).map(([type, example]) => [type, { schema: { type: 'string' }, example }])
  const content = { ...json, ...Object.fromEntries(text) }
  return {
    description: doc.description,
    ...(doc.headers && {
      headers: Object.fromEntries(doc.headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    }),
    ...(Object.keys(content).length > 0 && { content }),
  }
}

/** One response per status; its examples show each code. */
function problems(operation: Operation, components: Components): JsonSchema {
  const schema = components.reference(problemSchema)
  const byStatus = Map.groupBy(codesOf(operation), (code) => ERROR_CODES[code].status)
  const responses = [...byStatus].map(([status, group]) => {
    const examples = group.map((code) => [code, { $ref: `#/components/examples/${code}` }])
    const retry = status === 503 ? { headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } } : {}
    const description = group.map((code) => ERROR_CODES[code].title).join('; ')
    return [
      String(status),
      { description, ...retry, content: { [PROBLEM_TYPE]: { schema, examples: Object.fromEntries(examples) } } },
    ]
  })
  return Object.fromEntries(responses)
}

function codesOf(operation: Operation): ErrorCode[] {
  const body: ErrorCode[] = takesBody(operation) ? ['MALFORMED_BODY', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] : []
  const version: ErrorCode[] = operation.requestHeaders?.includes('Version') ? ['NOT_ACCEPTABLE'] : []
  return [
    ...new Set<ErrorCode>([
      'INVALID_ARGS',
      'INVALID_QUERY',
      ...body,
      ...version,
      ...(operation.errors ?? []),
      ...ANYWHERE,
    ]),
  ]
}

/** One example for each code that some operation answers. */
function problemExamples(operations: readonly Operation[]): JsonSchema {
  const codes = [...new Set(operations.flatMap(codesOf))].sort()
  return Object.fromEntries(
    codes.map((code) => [code, { summary: ERROR_CODES[code].title, value: problemExample(code) }]),
  )
}

function problemExample(code: ErrorCode): object {
  return toProblem(
    new ServiceError(code, ERROR_CODES[code].title),
    '/o2ims/v1/ocloud',
    '0b7a6c1e-6d52-4f6e-9a43-0d3f5c1f9a10',
  )
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
