import { negotiate } from '../http/accept.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { pathExample, reportExample, reportHtmlExample } from './examples.ts'
import { reportOf } from './report.ts'
import { PAGE_POLICY, reportHtml } from './report-html.ts'
import { reportMarkdown } from './report-markdown.ts'
import { FRONT_DOOR } from './representation.ts'
import { idParams, reportSchema } from './schema.ts'
import type { ProvisioningService } from './service-types.ts'

/** `…/{id}/report`: Markdown and HTML for people, JSON for programs, by Accept. */
export function reportOperation({ provisioning }: { provisioning: ProvisioningService }): Operation {
  return operation({
    method: 'GET',
    path: `${FRONT_DOOR}/{provisioningRequestId}/report`,
    operationId: 'getProvisioningRequestReport',
    tag: 'Provisioning requests',
    summary: 'What really happened, as Markdown, HTML or JSON',
    description:
      'From the record, and from what the step `report` saw: O-Clouds with their addresses, versions and nodes, workloads, how long each step took, how to reach what was made, how to undo it.',
    params: idParams,
    paramExamples: pathExample,
    query: none,
    body: noBody,
    requestHeaders: ['Accept'],
    answers: {
      200: {
        description: 'The report; before the end it says that it is unfinished.',
        body: reportSchema,
        text: { 'text/markdown': reportExample, 'text/html': reportHtmlExample },
      },
    },
    errors: ['NOT_FOUND', 'NOT_ACCEPTABLE'],
    async handle({ params, headers }) {
      const type = negotiate(headers.accept, ['text/markdown', 'application/json', 'text/html'])
      const report = reportOf(await provisioning.get(params.provisioningRequestId))
      const vary = { Vary: 'Accept' }
      if (type === 'application/json') return { status: 200, body: report, headers: vary }
      if (type === 'text/markdown')
        return { status: 200, body: reportMarkdown(report), type: 'text/markdown; charset=utf-8', headers: vary }
      return {
        status: 200,
        body: reportHtml(report),
        type: 'text/html; charset=utf-8',
        headers: { ...vary, 'content-security-policy': PAGE_POLICY },
      }
    },
  })
}
