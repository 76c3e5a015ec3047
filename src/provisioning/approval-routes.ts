import { resource } from '../http/answers.ts'
import { none, type Operation, operation } from '../http/operation.ts'
import { versionOf } from './etag.ts'
import { approvalPathExample, decisionExamples, frontDoorInfoExample } from './examples.ts'
import { decisionSchema } from './option-schema.ts'
import type { ProvisioningRecord } from './record.ts'
import { FRONT_DOOR, frontDoorInfo } from './representation.ts'
import { frontDoorInfoSchema, idParams } from './schema.ts'
import type { ProvisioningService } from './service-types.ts'

const decision = {
  method: 'POST',
  tag: 'Provisioning requests',
  params: idParams,
  paramExamples: approvalPathExample,
  query: none,
  body: decisionSchema,
  answers: {
    202: {
      description: 'Noted; the same decision again changes nothing.',
      body: frontDoorInfoSchema,
      example: frontDoorInfoExample,
      headers: ['Location', 'ETag'],
    },
  },
  errors: ['NOT_FOUND', 'FORBIDDEN', 'WRONG_PHASE'],
} as const

/** The decision that a request with `options.approval` waits for. Without authentication the approver is believed by name, and logged as not verified. */
export function approvalOperations({ provisioning }: { provisioning: ProvisioningService }): Operation[] {
  return [
    operation({
      ...decision,
      path: `${FRONT_DOOR}/{provisioningRequestId}/approve`,
      operationId: 'approveProvisioningRequest',
      summary: 'Let a request start that waits for approval',
      examples: { approve: decisionExamples.approve },
      handle: async ({ params, body }) => noted(await provisioning.approve(params.provisioningRequestId, body)),
    }),
    operation({
      ...decision,
      path: `${FRONT_DOOR}/{provisioningRequestId}/reject`,
      operationId: 'rejectProvisioningRequest',
      summary: 'Refuse a request that waits for approval: ends in FAILED with CANCELLED',
      examples: { reject: decisionExamples.reject },
      handle: async ({ params, body }) => noted(await provisioning.reject(params.provisioningRequestId, body)),
    }),
  ]
}

function noted(record: ProvisioningRecord) {
  return resource(202, frontDoorInfo(record), versionOf(record), `${FRONT_DOOR}/${record.provisioningRequestId}`)
}
