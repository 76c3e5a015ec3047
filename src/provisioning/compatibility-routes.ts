import { z } from 'zod'
import { ServiceError } from '../errors.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { wordsFor } from './compatibility.ts'
import { frontDoorInfoExample, pathExample } from './examples.ts'
import type { ProvisioningRecord } from './record.ts'
import { canonicalInfo } from './representation.ts'
import { idParams, provisioningRequestInfoSchema } from './schema.ts'
import type { ProvisioningService } from './service-types.ts'

export const COMPATIBILITY_TAG = {
  name: 'Compatibility',
  description: 'What scripts that were written for other servers read; there with COMPATIBILITY_ROUTES=true only.',
}

const common = { method: 'GET', tag: COMPATIBILITY_TAG.name, params: none, query: none, body: noBody } as const

const { provisioningRequestData, status } = provisioningRequestInfoSchema.shape
const one = z.strictObject({
  ...provisioningRequestInfoSchema.shape,
  provisioningRequestData,
  status: z.strictObject({ ...status.shape, state: z.string(), phase: z.string() }),
})
const all = z.strictObject({
  provisioningRequests: z.record(z.string(), z.strictObject({ status: z.string(), message: z.string() })),
  truncated: z.boolean().optional().meta({ description: 'There are more than are shown.' }),
})
const operational = z.strictObject({ status: z.enum(['operational', 'degraded']), service: z.literal('o2ims') })
const health = z.strictObject({ status: z.literal('healthy') })

const PAGE = 500
/** Requests that a list of all shows. */
const MOST = 10_000

export interface CompatibilityParts {
  provisioning: Pick<ProvisioningService, 'get' | 'list'>
  ready: () => Promise<void>
}

/** Paths and words of the clients that docs/seed-fields.md names: they only read. */
export function compatibilityOperations({ provisioning, ready }: CompatibilityParts): Operation[] {
  async function every(): Promise<{ records: ProvisioningRecord[]; truncated: boolean }> {
    const records: ProvisioningRecord[] = []
    for (let after: number | undefined; ; ) {
      const { items, next } = await provisioning.list({ limit: PAGE, ...(after !== undefined && { after }) })
      records.push(...items.map(({ value }) => value))
      if (next === undefined) return { records, truncated: false }
      if (records.length >= MOST) return { records, truncated: true }
      after = next
    }
  }

  const statusOfAll = (path: string, operationId: string): Operation =>
    operation({
      ...common,
      path,
      operationId,
      summary: 'The status of every request, by its id',
      answers: {
        200: {
          description: 'PENDING, PROVISIONING, READY, FAILED or DELETING for each.',
          body: all,
          example: { provisioningRequests: { 'intent-1': { status: 'READY', message: 'provisioned' } } },
        },
      },
      async handle() {
        const { records, truncated } = await every()
        const entries = records.map((record) => {
          const { provisioningRequestId, message } = record
          return [provisioningRequestId, { status: wordsFor(record).status, message }] as const
        })
        return {
          status: 200,
          body: { provisioningRequests: Object.fromEntries(entries), ...(truncated && { truncated }) },
        }
      },
    })

  return [
    operation({
      ...common,
      path: '/o2ims/api/v1/provisioningRequests/{provisioningRequestId}',
      operationId: 'getProvisioningRequestCompatibly',
      params: idParams,
      paramExamples: pathExample,
      summary: 'One request, its status in the words state and phase too',
      answers: { 200: { description: 'The request.', body: one, example: exampleOfOne() } },
      errors: ['NOT_FOUND'],
      async handle({ params }) {
        const record = await provisioning.get(params.provisioningRequestId)
        const info = canonicalInfo(record)
        const { state, phase } = wordsFor(record)
        return { status: 200, body: { ...info, status: { ...info.status, state, phase } } }
      },
    }),
    statusOfAll('/o2ims_infrastructureInventory/v1/status', 'getInventoryStatusCompatibly'),
    statusOfAll('/o2ims/provisioning/v1/status', 'getProvisioningStatusCompatibly'),
    operation({
      ...common,
      path: '/',
      operationId: 'getServiceCompatibly',
      summary: 'Is it operational?',
      answers: {
        200: {
          description: 'Operational, or degraded.',
          body: operational,
          example: { status: 'operational', service: 'o2ims' },
        },
      },
      async handle() {
        const works = await ready().then(
          () => true,
          () => false,
        )
        return { status: 200, body: { status: works ? 'operational' : 'degraded', service: 'o2ims' } }
      },
    }),
    operation({
      ...common,
      path: '/health',
      operationId: 'getHealthCompatibly',
      summary: 'Can it do its work?',
      answers: { 200: { description: 'Yes.', body: health, example: { status: 'healthy' } } },
      async handle() {
        await ready().catch((cause: unknown) => {
          throw new ServiceError('UNAVAILABLE', 'not ready; /readyz says why', { cause, retryAfter: 1 })
        })
        return { status: 200, body: { status: 'healthy' } }
      },
    }),
  ]
}

function exampleOfOne(): object {
  const { progress: _p, links: _l, ...info } = frontDoorInfoExample
  return { ...info, status: { ...info.status, state: 'Pending', phase: 'Pending' } }
}
