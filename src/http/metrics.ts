import type { Metrics } from '../telemetry/metrics.ts'
import { noBody, none, type Operation, operation } from './operation.ts'

const EXAMPLE = 'o2ims_provisioning_requests{phase="FULFILLED"} 12\n'

/** `/metrics`: for Prometheus. */
export function metricsOperation(metrics: Pick<Metrics, 'text' | 'contentType'>): Operation {
  return operation({
    method: 'GET',
    path: '/metrics',
    operationId: 'getMetrics',
    tag: 'Service',
    summary: 'How does the service do?',
    description: 'Metrics of this process and of what all processes share, in the text format of Prometheus.',
    params: none,
    query: none,
    body: noBody,
    answers: { 200: { description: 'The metrics.', text: { 'text/plain': EXAMPLE } } },
    async handle() {
      return { status: 200, body: await metrics.text(), type: metrics.contentType }
    },
  })
}
