import { z } from 'zod'
import { resource, resourceUnlessKnown } from '../../http/answers.ts'
import { ifMatchNumber } from '../../http/etag.ts'
import { pageQuery } from '../../http/list-query.ts'
import { representedSource } from '../../http/list-source.ts'
import type { Lists } from '../../http/lists.ts'
import { noBody, none, type Operation, operation } from '../../http/operation.ts'
import { queryTypeOf } from '../../query/query-type.ts'
import type { TemplateCatalogue } from './catalogue-types.ts'
import { ownTemplatePathExample, templateExample, templateExamples, templatePathExample } from './examples.ts'
import { templateNameSchema, templateSchema, templateVersionSchema } from './schema.ts'

const LIST = '/o2ims/v1/templates'
const ITEM = `${LIST}/{name}/{version}`
const params = z.strictObject({ name: templateNameSchema, version: templateVersionSchema })
const item = { tag: 'Templates', params, paramExamples: templatePathExample, query: none, body: noBody } as const

/** `/o2ims/v1/templates`: what a request can ask for. Immutable: there is no PUT. */
export function templateOperations({ templates, lists }: { templates: TemplateCatalogue; lists: Lists }): Operation[] {
  const list = {
    path: LIST,
    type: queryTypeOf(templateSchema),
    source: representedSource(
      (options) => templates.list(options),
      (all) => all,
    ),
  }
  return [
    operation({
      method: 'POST',
      path: LIST,
      operationId: 'publishTemplate',
      tag: 'Templates',
      summary: 'Publish a template',
      description: 'Schema, steps and references are checked; then it cannot be changed any more.',
      params: none,
      query: none,
      body: templateSchema,
      examples: templateExamples,
      answers: {
        201: {
          description: 'Published.',
          body: templateSchema,
          example: templateExample,
          headers: ['Location', 'ETag'],
        },
      },
      errors: ['ALREADY_EXISTS', 'INVALID_TEMPLATE'],
      async handle({ body }) {
        const { value, n } = await templates.publish(body)
        return resource(201, value, n, `${LIST}/${value.name}/${value.version}`)
      },
    }),
    operation({
      method: 'GET',
      path: LIST,
      operationId: 'listTemplates',
      tag: 'Templates',
      summary: 'All templates',
      params: none,
      query: pageQuery('(eq,result,nodeCluster);(eq,steps/uses,kind-cluster)'),
      body: noBody,
      answers: {
        200: { description: 'One page.', body: templateSchema.array(), example: [templateExample], headers: ['Link'] },
      },
      handle: ({ query, request }) => lists.answer(list, query, request),
    }),
    operation({
      ...item,
      method: 'GET',
      path: ITEM,
      operationId: 'getTemplate',
      summary: 'One version of a template',
      requestHeaders: ['If-None-Match'],
      answers: {
        200: { description: 'The template.', body: templateSchema, example: templateExample, headers: ['ETag'] },
        304: { description: 'Not changed since.', headers: ['ETag'] },
      },
      errors: ['NOT_FOUND'],
      async handle({ params: { name, version }, headers }) {
        const { value, n } = await templates.get(name, version)
        return resourceUnlessKnown(headers, value, n)
      },
    }),
    operation({
      ...item,
      method: 'DELETE',
      path: ITEM,
      operationId: 'deleteTemplate',
      paramExamples: ownTemplatePathExample,
      summary: 'Withdraw a template that no request names',
      requestHeaders: ['If-Match'],
      answers: { 204: { description: 'Withdrawn.' } },
      errors: ['NOT_FOUND', 'IN_USE', 'PRECONDITION_FAILED'],
      async handle({ params: { name, version }, headers }) {
        await templates.remove(
          name,
          version,
          await ifMatchNumber(headers, async () => (await templates.get(name, version)).n),
        )
        return { status: 204 }
      },
    }),
  ]
}
