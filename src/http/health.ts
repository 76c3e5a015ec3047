import { z } from 'zod'
import { messageOf, ServiceError } from '../errors.ts'
import { noBody, none, type Operation, operation } from './operation.ts'

const health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' })

/** `/healthz`: the process lives. `/readyz`: it can do its work; 503 with Retry-After until then. */
export function healthOperations(ready: () => Promise<void>): Operation[] {
  const common = { method: 'GET', tag: 'Service', params: none, query: none, body: noBody } as const
  const answers = { 200: { description: 'Yes.', body: health, example: { status: 'ok' } } }
  return [
    operation({
      ...common,
      path: '/healthz',
      operationId: 'getHealth',
      summary: 'Does the process live?',
      answers,
      handle: async () => ({ status: 200, body: { status: 'ok' } }),
    }),
    operation({
      ...common,
      path: '/readyz',
      operationId: 'getReadiness',
      summary: 'Can the service do its work?',
      description: '200 once the store answers and the samples are loaded; 503 while Redis is away.',
      answers,
      async handle() {
        await ready().catch((cause) => {
          throw new ServiceError('UNAVAILABLE', `not ready: ${reason(cause)}`, { cause, retryAfter: 1 })
        })
        return { status: 200, body: { status: 'ok' } }
      },
    }),
  ]
}

/** Our own words only: those of others may hold addresses with passwords. */
function reason(cause: unknown): string {
  return cause instanceof ServiceError ? messageOf(cause) : 'the store does not answer'
}
