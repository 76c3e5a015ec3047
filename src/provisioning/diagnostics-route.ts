import { diagnosticsSchema } from '../diagnostics/schema.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { diagnosticsExample, pathExample } from './examples.ts'
import { FRONT_DOOR } from './representation.ts'
import { idParams } from './schema.ts'
import type { ProvisioningService } from './service-types.ts'

/** `…/{id}/diagnostics`: what is wrong, and what shows it. */
export function diagnosticsOperation({ provisioning }: { provisioning: ProvisioningService }): Operation {
  return operation({
    method: 'GET',
    path: `${FRONT_DOOR}/{provisioningRequestId}/diagnostics`,
    operationId: 'getProvisioningRequestDiagnostics',
    tag: 'Provisioning requests',
    summary: 'What is wrong, and what shows it',
    description:
      'A worker looks at every O-Cloud of the request: nodes, events, pods that do not run, operators, inventories, node logs of a cluster that was made. Each look has a time limit; what could not be had stands in `notCollected`. `collected` is what was found when the request failed, before anything was undone. At most 64 KiB each; secrets are taken out.',
    params: idParams,
    paramExamples: pathExample,
    query: none,
    body: noBody,
    answers: {
      200: { description: 'What was found.', body: diagnosticsSchema, example: diagnosticsExample },
    },
    errors: ['NOT_FOUND', 'NO_WORKER', 'UNAVAILABLE'],
    async handle({ params }) {
      return { status: 200, body: await provisioning.diagnostics(params.provisioningRequestId) }
    },
  })
}
