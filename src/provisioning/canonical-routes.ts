import { resource } from '../http/answers.ts'
import { ifMatch } from '../http/etag.ts'
import { listQuery } from '../http/list-query.ts'
import { representedSource } from '../http/list-source.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { pathname } from '../http/paths.ts'
import { aliasesOf, type VersionedApi } from '../http/versions.ts'
import { queryTypeOf } from '../query/query-type.ts'
import { versionOf } from './etag.ts'
import { canonicalExamples, infoExample, smoPathExample } from './examples.ts'
import { createKeptAnswers } from './kept-answers.ts'
import { canonicalInfo } from './representation.ts'
import type { ProvisioningRouteParts } from './routes.ts'
import { idParams, provisioningRequestDataSchema, provisioningRequestInfoSchema } from './schema.ts'

/** O2ims_InfrastructureProvisioning, O2IMS 3.4: this version and these paths. */
export const PROVISIONING_API: VersionedApi = {
  root: '/O2ims_infrastructureProvisioning',
  aliases: ['/o2ims-infrastructureProvisioning', '/o2ims_infrastructureProvisioning'],
  major: 'v1',
  version: '1.2.0',
  tag: 'Infrastructure Provisioning',
  shortName: 'Provisioning',
}

const LIST = `${PROVISIONING_API.root}/${PROVISIONING_API.major}/provisioningRequests`
const ITEM = `${LIST}/{provisioningRequestId}`
const common = { tag: PROVISIONING_API.tag, aliases: aliasesOf(PROVISIONING_API) }
const item = { ...common, params: idParams, paramExamples: smoPathExample, query: none } as const

/** The five operations of the specification (table 3.4.3-1): the same service as the front door, in the specification's own words. */
export function canonicalOperations({ provisioning, lists }: ProvisioningRouteParts): Operation[] {
  const answerWith = createKeptAnswers(canonicalInfo)
  const list = {
    path: LIST,
    type: queryTypeOf(provisioningRequestInfoSchema),
    source: representedSource(
      (options) => provisioning.list(options),
      (records) => records.map(canonicalInfo),
    ),
  }
  return [
    operation({
      ...common,
      method: 'POST',
      path: LIST,
      operationId: 'createInfrastructureProvisioningRequest',
      summary: 'Create a provisioning request (3.4.4.2.3.1)',
      params: none,
      query: none,
      body: provisioningRequestDataSchema,
      examples: canonicalExamples,
      requestHeaders: ['Version'],
      answers: {
        201: {
          description: 'Accepted.',
          body: provisioningRequestInfoSchema,
          example: infoExample,
          headers: ['Location', 'ETag', 'Version'],
        },
      },
      errors: ['ALREADY_EXISTS', 'UNKNOWN_TEMPLATE', 'TEMPLATE_PARAMETERS', 'INVALID_OPTIONS'],
      async handle({ body, request }) {
        const { record } = await provisioning.create({ data: body, canonical: true })
        return resource(
          201,
          canonicalInfo(record),
          versionOf(record),
          `${pathname(request.url)}/${record.provisioningRequestId}`,
        )
      },
    }),
    operation({
      ...common,
      method: 'GET',
      path: LIST,
      operationId: 'listInfrastructureProvisioningRequests',
      summary: 'Query provisioning requests (3.4.4.2.3.2)',
      params: none,
      query: listQuery('(eq,status/provisioningPhase,FAILED)'),
      body: noBody,
      requestHeaders: ['Version'],
      answers: {
        200: {
          description: 'One page.',
          body: provisioningRequestInfoSchema.array(),
          example: [infoExample],
          headers: ['Link', 'Version'],
        },
      },
      handle: ({ query, request }) => lists.answer(list, query, request),
    }),
    operation({
      ...item,
      method: 'GET',
      path: ITEM,
      operationId: 'getInfrastructureProvisioningRequest',
      summary: 'Read a provisioning request (3.4.4.3.3.2)',
      body: noBody,
      requestHeaders: ['Version', 'If-None-Match'],
      answers: {
        200: {
          description: 'The request.',
          body: provisioningRequestInfoSchema,
          example: infoExample,
          headers: ['ETag', 'Version'],
        },
        304: { description: 'Not changed since.', headers: ['ETag', 'Version'] },
      },
      errors: ['NOT_FOUND'],
      async handle({ params, headers }) {
        const id = params.provisioningRequestId
        return answerWith(id, await provisioning.peek(id), headers)
      },
    }),
    operation({
      ...item,
      method: 'PUT',
      path: ITEM,
      operationId: 'updateInfrastructureProvisioningRequest',
      summary: 'Replace a provisioning request (3.4.4.3.3.3)',
      description: 'Options that were set on the front door stay.',
      body: provisioningRequestDataSchema,
      examples: canonicalExamples,
      requestHeaders: ['Version', 'If-Match'],
      answers: {
        200: {
          description: 'Accepted.',
          body: provisioningRequestInfoSchema,
          example: infoExample,
          headers: ['ETag', 'Version'],
        },
      },
      errors: [
        'NOT_FOUND',
        'WRONG_PHASE',
        'PRECONDITION_FAILED',
        'IMMUTABLE',
        'UNKNOWN_TEMPLATE',
        'TEMPLATE_PARAMETERS',
        'INVALID_OPTIONS',
      ],
      async handle({ params, body, headers }) {
        const id = params.provisioningRequestId
        const wanted = await ifMatch(headers, async () => versionOf(await provisioning.get(id)))
        const record = await provisioning.replace(id, { data: body, canonical: true }, wanted)
        return resource(200, canonicalInfo(record), versionOf(record))
      },
    }),
    operation({
      ...item,
      method: 'DELETE',
      path: ITEM,
      operationId: 'deleteInfrastructureProvisioningRequest',
      summary: 'Delete a provisioning request (3.4.4.3.3.5)',
      body: noBody,
      requestHeaders: ['Version', 'If-Match'],
      answers: { 202: { description: 'Accepted: read it until it is gone (404).', headers: ['Location', 'Version'] } },
      errors: ['NOT_FOUND', 'PRECONDITION_FAILED'],
      async handle({ params, headers, request }) {
        const id = params.provisioningRequestId
        await provisioning.remove(id, {
          ifMatch: await ifMatch(headers, async () => versionOf(await provisioning.get(id))),
        })
        return { status: 202, headers: { Location: pathname(request.url) } }
      },
    }),
  ]
}
