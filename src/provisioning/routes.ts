import { z } from 'zod'
import { resource } from '../http/answers.ts'
import { ifMatch } from '../http/etag.ts'
import { pageQuery } from '../http/list-query.ts'
import { representedSource } from '../http/list-source.ts'
import type { Lists } from '../http/lists.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { flag } from '../http/query-values.ts'
import { queryTypeOf } from '../query/query-type.ts'
import { approvalOperations } from './approval-routes.ts'
import { versionOf } from './etag.ts'
import { frontDoorExamples, frontDoorInfoExample, pathExample, planExample } from './examples.ts'
import { createKeptAnswers } from './kept-answers.ts'
import type { ProvisioningRecord } from './record.ts'
import { FRONT_DOOR, frontDoorInfo } from './representation.ts'
import { frontDoorInfoSchema, frontDoorRequestSchema, idParams, leftSchema, planSchema } from './schema.ts'
import type { ProvisioningService, SubmittedRequest } from './service-types.ts'

const TAG = 'Provisioning requests'
const ITEM = `${FRONT_DOOR}/{provisioningRequestId}`
const item = { tag: TAG, params: idParams, paramExamples: pathExample, body: noBody } as const
const dryRunQuery = z.strictObject({ dryRun: flag('Only say what would happen; nothing is written.') })
const orphanQuery = z.strictObject({
  orphan: flag('Give up on what cannot be removed: the request goes, and the answer says what stays behind.'),
})
const accepted = {
  description: 'Accepted; read the request to see how it goes.',
  body: frontDoorInfoSchema,
  example: frontDoorInfoExample,
  headers: ['Location', 'ETag'],
} as const

export interface ProvisioningRouteParts {
  provisioning: ProvisioningService
  lists: Lists
}

/** The front door of provisioning: the specification's resource with options, progress and verbs. */
export function provisioningOperations({ provisioning, lists }: ProvisioningRouteParts): Operation[] {
  const answerWith = createKeptAnswers(frontDoorInfo)
  const list = {
    path: FRONT_DOOR,
    type: queryTypeOf(frontDoorInfoSchema),
    source: representedSource(
      (options) => provisioning.list(options),
      (records) => records.map(frontDoorInfo),
    ),
  }
  return [
    operation({
      method: 'POST',
      path: FRONT_DOOR,
      operationId: 'createProvisioningRequest',
      tag: TAG,
      summary: 'Ask for something to be provisioned',
      description:
        'The identical body again answers 200 with the current state, so that a client may repeat it blindly. With `dryRun=true`: 200 with the plan.',
      params: none,
      query: dryRunQuery,
      body: frontDoorRequestSchema,
      examples: frontDoorExamples,
      answers: {
        201: {
          description: 'Accepted; a worker takes it up.',
          body: frontDoorInfoSchema,
          example: frontDoorInfoExample,
          headers: ['Location', 'ETag'],
        },
        200: {
          description: 'Known already with the identical body; or the plan of a dry run.',
          body: frontDoorInfoSchema.or(planSchema),
          examples: {
            again: { summary: 'The identical body again', value: frontDoorInfoExample },
            plan: { summary: 'A dry run', value: planExample },
          },
          headers: ['Location', 'ETag'],
        },
      },
      errors: ['ALREADY_EXISTS', 'UNKNOWN_TEMPLATE', 'TEMPLATE_PARAMETERS', 'INVALID_OPTIONS', 'NO_WORKER'],
      async handle({ body, query }) {
        if (query.dryRun) return { status: 200, body: await provisioning.plan(submitted(body)) }
        const { record, created } = await provisioning.create(submitted(body))
        return resource(created ? 201 : 200, frontDoorInfo(record), versionOf(record), selfOf(record))
      },
    }),
    operation({
      method: 'GET',
      path: FRONT_DOOR,
      operationId: 'listProvisioningRequests',
      tag: TAG,
      summary: 'All requests, oldest first',
      params: none,
      query: pageQuery('(in,status/provisioningPhase,PENDING,PROGRESSING);(cont,provisioningRequestData/name,ran)'),
      body: noBody,
      answers: {
        200: {
          description: 'One page.',
          body: frontDoorInfoSchema.array(),
          example: [frontDoorInfoExample],
          headers: ['Link'],
        },
      },
      handle: ({ query, request }) => lists.answer(list, query, request),
    }),
    operation({
      ...item,
      method: 'GET',
      path: ITEM,
      operationId: 'getProvisioningRequest',
      summary: 'One request and how far it is',
      query: none,
      requestHeaders: ['If-None-Match'],
      answers: {
        200: {
          description: 'The request.',
          body: frontDoorInfoSchema,
          example: frontDoorInfoExample,
          headers: ['ETag'],
        },
        304: { description: 'Not changed since.', headers: ['ETag'] },
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
      operationId: 'replaceProvisioningRequest',
      summary: 'Ask for something else',
      description:
        'Raises the generation; one that runs stops at the next safe point. Without `options` the template’s defaults hold. With `dryRun=true`: 200 with the plan.',
      query: dryRunQuery,
      body: frontDoorRequestSchema,
      examples: { again: frontDoorExamples.workload },
      requestHeaders: ['If-Match'],
      answers: {
        200: {
          description: 'Accepted; or the plan of a dry run.',
          body: frontDoorInfoSchema.or(planSchema),
          example: frontDoorInfoExample,
          headers: ['ETag'],
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
        'NO_WORKER',
      ],
      async handle({ params, query, body, headers }) {
        const id = params.provisioningRequestId
        const match = await wanted(id, headers)
        if (query.dryRun) return { status: 200, body: await provisioning.plan(submitted(body), id, match) }
        const record = await provisioning.replace(id, submitted(body), match)
        return resource(200, frontDoorInfo(record), versionOf(record))
      },
    }),
    operation({
      ...item,
      method: 'DELETE',
      path: ITEM,
      operationId: 'deleteProvisioningRequest',
      summary: 'Take away what was made, then the request',
      query: orphanQuery,
      requestHeaders: ['If-Match'],
      answers: {
        202: {
          description:
            'Accepted: read the request until it is gone (404). With `orphan=true`: gone, and what stays behind.',
          body: leftSchema,
          headers: ['Location'],
        },
      },
      errors: ['NOT_FOUND', 'PRECONDITION_FAILED'],
      async handle({ params, query, headers }) {
        const id = params.provisioningRequestId
        const { left } = await provisioning.remove(id, { ifMatch: await wanted(id, headers), orphan: query.orphan })
        const Location = `${FRONT_DOOR}/${id}`
        return query.orphan
          ? { status: 202, body: { left: left ?? [] }, headers: { Location } }
          : { status: 202, headers: { Location } }
      },
    }),
    operation({
      ...item,
      method: 'POST',
      path: `${ITEM}/cancel`,
      operationId: 'cancelProvisioningRequest',
      summary: 'Stop it: ends in FAILED with CANCELLED, undone like any failure',
      query: none,
      answers: { 202: accepted },
      errors: ['NOT_FOUND', 'WRONG_PHASE'],
      handle: async ({ params }) => changed(await provisioning.cancel(params.provisioningRequestId)),
    }),
    operation({
      ...item,
      method: 'POST',
      path: `${ITEM}/retry`,
      operationId: 'retryProvisioningRequest',
      summary: 'Run all steps again from the first; on an unchanged world it changes nothing',
      query: none,
      answers: { 202: accepted },
      errors: ['NOT_FOUND', 'WRONG_PHASE'],
      handle: async ({ params }) => changed(await provisioning.retry(params.provisioningRequestId)),
    }),
    ...approvalOperations({ provisioning }),
  ]

  async function wanted(id: string, headers: Parameters<typeof ifMatch>[0]): Promise<string | undefined> {
    return ifMatch(headers, async () => versionOf(await provisioning.get(id)))
  }
}

const selfOf = (record: ProvisioningRecord) => `${FRONT_DOOR}/${record.provisioningRequestId}`

const changed = (record: ProvisioningRecord) => resource(202, frontDoorInfo(record), versionOf(record), selfOf(record))

function submitted({ options, ...data }: z.output<typeof frontDoorRequestSchema>): SubmittedRequest {
  return { data, ...(options && { options }), canonical: false }
}
