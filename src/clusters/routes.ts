import type { Logger } from 'pino'
import { z } from 'zod'
import { negotiate } from '../http/accept.ts'
import { resource } from '../http/answers.ts'
import { ifMatchNumber } from '../http/etag.ts'
import { pageQuery } from '../http/list-query.ts'
import { representedSource } from '../http/list-source.ts'
import type { Lists } from '../http/lists.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { queryTypeOf } from '../query/query-type.ts'
import type { Versioned } from '../store/store.ts'
import { kubeconfigExample, oCloudExample, oCloudExamples, oCloudPathExample } from './examples.ts'
import type { OCloud, OCloudRegistry } from './registry-types.ts'
import { newOCloudSchema, oCloudIdSchema, oCloudInputSchema, oCloudSchema } from './schema.ts'
import { statusesOf } from './statuses.ts'

const LIST = '/o2ims/v1/ocloud'
const ITEM = `${LIST}/{oCloudId}`
const KUBECONFIG_TYPE = 'application/yaml'
const params = z.strictObject({ oCloudId: oCloudIdSchema })
const item = { tag: 'O-Clouds', params, paramExamples: oCloudPathExample, query: none } as const

export interface OCloudRouteParts {
  oClouds: OCloudRegistry
  lists: Lists
  /** For the audit line of a kubeconfig that was read. */
  log: Logger
}

/** `/o2ims/v1/ocloud`: the clusters that requests may target. */
export function oCloudOperations({ oClouds, lists, log }: OCloudRouteParts): Operation[] {
  const list = {
    path: LIST,
    type: queryTypeOf(oCloudSchema),
    source: representedSource((options) => oClouds.list(options), allWithStatus),
  }
  const withStatus = async ({ value }: Versioned<OCloud>) => ({
    ...value,
    status: await oClouds.status(value.oCloudId),
  })
  const expected = (headers: Parameters<typeof ifMatchNumber>[0], id: string) =>
    ifMatchNumber(headers, async () => (await oClouds.get(id)).n)

  return [
    operation({
      method: 'POST',
      path: LIST,
      operationId: 'createOCloud',
      tag: 'O-Clouds',
      summary: 'Register an O-Cloud',
      description:
        'With a kubeconfig that embeds its credentials, or simulated: true. One that points nowhere is accepted and reads as not reachable.',
      params: none,
      query: none,
      body: newOCloudSchema,
      examples: oCloudExamples,
      answers: {
        201: { description: 'Registered.', body: oCloudSchema, example: oCloudExample, headers: ['Location', 'ETag'] },
      },
      errors: ['ALREADY_EXISTS', 'INVALID_KUBECONFIG'],
      async handle({ body }) {
        const stored = await oClouds.create(body)
        return resource(201, await withStatus(stored), stored.n, `${LIST}/${stored.value.oCloudId}`)
      },
    }),
    operation({
      method: 'GET',
      path: LIST,
      operationId: 'listOClouds',
      tag: 'O-Clouds',
      summary: 'All O-Clouds with their status',
      params: none,
      query: pageQuery('(eq,labels/environment,edge);(eq,status/reachable,true)'),
      body: noBody,
      answers: {
        200: { description: 'One page.', body: oCloudSchema.array(), example: [oCloudExample], headers: ['Link'] },
      },
      handle: ({ query, request }) => lists.answer(list, query, request),
    }),
    operation({
      ...item,
      method: 'GET',
      path: ITEM,
      operationId: 'getOCloud',
      summary: 'One O-Cloud, its status asked for now',
      body: noBody,
      answers: { 200: { description: 'The O-Cloud.', body: oCloudSchema, example: oCloudExample, headers: ['ETag'] } },
      errors: ['NOT_FOUND'],
      async handle({ params: { oCloudId } }) {
        const stored = await oClouds.get(oCloudId)
        return resource(200, await withStatus(stored), stored.n)
      },
    }),
    operation({
      ...item,
      method: 'PUT',
      path: ITEM,
      operationId: 'replaceOCloud',
      summary: 'Replace name, description, location, labels and, when given, the kubeconfig',
      body: oCloudInputSchema,
      examples: { simulated: oCloudExamples.simulated },
      requestHeaders: ['If-Match'],
      answers: { 200: { description: 'Replaced.', body: oCloudSchema, example: oCloudExample, headers: ['ETag'] } },
      errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'PRECONDITION_FAILED', 'IMMUTABLE', 'INVALID_KUBECONFIG'],
      async handle({ params: { oCloudId }, body, headers }) {
        const stored = await oClouds.replace(oCloudId, body, await expected(headers, oCloudId))
        return resource(200, await withStatus(stored), stored.n)
      },
    }),
    operation({
      ...item,
      method: 'DELETE',
      path: ITEM,
      operationId: 'deleteOCloud',
      summary: 'Forget an O-Cloud that no request names',
      body: noBody,
      requestHeaders: ['If-Match'],
      answers: { 204: { description: 'Forgotten.' } },
      errors: ['NOT_FOUND', 'IN_USE', 'PRECONDITION_FAILED'],
      async handle({ params: { oCloudId }, headers }) {
        await oClouds.remove(oCloudId, await expected(headers, oCloudId))
        return { status: 204 }
      },
    }),
    operation({
      ...item,
      method: 'GET',
      path: `${ITEM}/kubeconfig`,
      operationId: 'getOCloudKubeconfig',
      summary: 'The kubeconfig of a cluster that a request made',
      description: 'Managed O-Clouds only. Every read is written to the audit log.',
      body: noBody,
      head: false,
      requestHeaders: ['Accept'],
      answers: { 200: { description: 'The kubeconfig.', text: { [KUBECONFIG_TYPE]: kubeconfigExample } } },
      errors: ['NOT_FOUND', 'FORBIDDEN', 'NOT_ACCEPTABLE'],
      async handle({ params: { oCloudId }, headers, request }) {
        negotiate(headers.accept, [KUBECONFIG_TYPE])
        const kubeconfig = await oClouds.kubeconfig(oCloudId)
        log.warn(
          { audit: true, action: 'kubeconfig-read', oCloudId, from: request.ip, requestId: request.id },
          'a kubeconfig was read',
        )
        return { status: 200, body: kubeconfig, type: KUBECONFIG_TYPE, headers: { 'Cache-Control': 'no-store' } }
      },
    }),
  ]

  async function allWithStatus(all: OCloud[]) {
    const statuses = await statusesOf(
      oClouds,
      all.map(({ oCloudId }) => oCloudId),
    )
    return all.map((oCloud, index) => ({ ...oCloud, status: statuses[index] }))
  }
}
