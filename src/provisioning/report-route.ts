import { negotiate } from '../http/accept.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { pathExample, reportExample } from './examples.ts'
import { reportMarkdown, reportOf } from './report.ts'
import { FRONT_DOOR } from './representation.ts'
import { idParams, reportSchema } from './schema.ts'
import type { ProvisioningService } from './service-types.ts'

/** `…/{id}/report`: Markdown for people, JSON for programs, by Accept. */
export function reportOperation({ provisioning }: { provisioning: ProvisioningService }): Operation {
  return operation({
    method: 'GET',
    path: `${FRONT_DOOR}/{provisioningRequestId}/report`,
    operationId: 'getProvisioningRequestReport',
    tag: 'Provisioning requests',
    summary: 'What really happened, as Markdown or JSON',
    params: idParams,
    paramExamples: pathExample,
    query: none,
    body: noBody,
    requestHeaders: ['Accept'],
    answers: {
      200: {
        description: 'The report; before the end it says that it is unfinished.',
        body: reportSchema,
        text: { 'text/markdown': reportExample },
      },
    },
    errors: ['NOT_FOUND', 'NOT_ACCEPTABLE'],
    async handle({ params, headers }) {
      const type = negotiate(headers.accept, ['text/markdown', 'application/json'])
      const report = reportOf(await provisioning.get(params.provisioningRequestId))
      if (type === 'application/json') return { status: 200, body: report, headers: { Vary: 'Accept' } }
      return {
        status: 200,
        body: reportMarkdown(report),
        type: 'text/markdown; charset=utf-8',
        headers: { Vary: 'Accept' },
      }
    },
  })
}
