import { stringify } from 'yaml'
import { once } from '../once.ts'
import type { JsonSchema } from './json-schema.ts'
import { noBody, none, type Operation, operation } from './operation.ts'

/** The OpenAPI document itself, as JSON and YAML, written when it is first asked for. It does not describe these two. */
export function documentOperations(document: () => JsonSchema): Operation[] {
  const common = {
    method: 'GET',
    tag: 'Service',
    summary: 'The OpenAPI document',
    params: none,
    query: none,
    body: noBody,
  } as const
  const answers = { 200: { description: 'The document.' } }
  const json = once(() => JSON.stringify(document()))
  const yaml = once(() => documentYaml(document()))
  return [
    operation({
      ...common,
      answers,
      path: '/openapi/o2ims.json',
      operationId: 'getOpenApiJson',
      handle: async () => ({ status: 200, body: json(), type: 'application/json; charset=utf-8' }),
    }),
    operation({
      ...common,
      answers,
      path: '/openapi/o2ims.yaml',
      operationId: 'getOpenApiYaml',
      handle: async () => ({ status: 200, body: yaml(), type: 'application/yaml; charset=utf-8' }),
    }),
  ]
}

export function documentYaml(document: JsonSchema): string {
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 120 })
}
