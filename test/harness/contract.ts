import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Answer } from './client.ts'

/** As much of JSON Schema as the tests read. */
export interface Schema {
  $ref?: string
  type?: string
  format?: string
  const?: unknown
  enum?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
}

export interface DocumentedOperation {
  operationId: string
  parameters?: { name: string; in: string }[]
  responses: Record<string, { content?: Record<string, { schema: Schema }>; headers?: Record<string, unknown> }>
}

export interface OpenApiDocument {
  paths: Record<string, Record<string, DocumentedOperation>>
  components: { schemas: Record<string, Schema> }
}

/** The OpenAPI document of the service, as what its answers are held against. */
export interface Contract {
  document: OpenApiDocument
  /**
   * What is wrong with an answer: a status, media type or body that the document does not have there, a header that is missing. Empty: nothing.
   *
   * @param path as the document writes it, ids filled in, without its query
   */
  faultsOf(method: string, path: string, answer: Answer): string[]
  /** What keeps a value from being of one of the types that the document names. */
  faultsOfValue(type: string, value: unknown): string[]
}

const HOME = 'https://o2ims.test/document'
const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' }
/** Documented headers that are not in every answer. */
const SOMETIMES = ['Link', 'Retry-After']

export function createContract(document: OpenApiDocument): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: HOME, ...document })
  const compiled = new Map<string, ValidateFunction>()
  const templates = Object.keys(document.paths).sort((a, b) => variables(a) - variables(b))

  function validator(schema: Schema): ValidateFunction {
    const text = JSON.stringify(schema).replaceAll('"#/', `"${HOME}#/`)
    const known = compiled.get(text) ?? ajv.compile(JSON.parse(text))
    compiled.set(text, known)
    return known
  }

  function faultsOfBody(schema: Schema, body: unknown): string[] {
    const validate = validator(schema)
    return validate(body) ? [] : [ajv.errorsText(validate.errors)]
  }

  return {
    document,
    faultsOfValue: (type, value) => faultsOfBody({ $ref: `#/components/schemas/${type}` }, value),
    faultsOf(method, path, { status, headers, body }) {
      const type = headers.get('content-type')
      if (body !== '' && type === null) return ['a body without a Content-Type']
      const template = templates.find((one) => isOf(one, path))
      const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()]
      if (operation === undefined)
        return [404, 405, 406].includes(status) ? faultsOfBody(PROBLEM, body) : [`${status}, but nothing is documented`]
      const response = operation.responses[status]
      if (response === undefined) return [`${status} is not documented`]
      const missing = Object.keys(response.headers ?? {}).filter(
        (name) => !SOMETIMES.includes(name) && !headers.has(name),
      )
      if (body === '') return [...missing, ...(response.content ? ['no body'] : [])]
      const schema = response.content?.[type?.split(';')[0] ?? '']?.schema
      return schema === undefined
        ? [...missing, `${type} is not documented`]
        : [...missing, ...faultsOfBody(schema, body)]
    },
  }
}

/** Literal paths come before those with ids. */
const variables = (template: string): number => template.split('{').length

function isOf(template: string, path: string): boolean {
  const segments = path.replace(/(?<=.)\/$/, '').split('/')
  const parts = template.split('/')
  return (
    parts.length === segments.length && parts.every((part, index) => part.startsWith('{') || part === segments[index])
  )
}
