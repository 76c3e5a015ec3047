import type { OCloudRegistry } from '../clusters/registry-types.ts'
import { statusesOf } from '../clusters/statuses.ts'
import { ServiceError } from '../errors.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { pathExample, statusTableExample } from './examples.ts'
import type { ProvisioningRecord } from './record.ts'
import { FRONT_DOOR } from './representation.ts'
import { idParams } from './schema.ts'
import type { ProvisioningService } from './service-types.ts'
import { type SeenOCloud, statusRows } from './status-table.ts'
import { statusTableText } from './status-table-text.ts'

export interface StatusTableParts {
  provisioning: Pick<ProvisioningService, 'get'>
  oClouds: Pick<OCloudRegistry, 'get' | 'status'>
}

/** `…/{id}/status-table`: four columns for people. */
export function statusTableOperation({ provisioning, oClouds }: StatusTableParts): Operation {
  return operation({
    method: 'GET',
    path: `${FRONT_DOOR}/{provisioningRequestId}/status-table`,
    operationId: 'getProvisioningRequestStatusTable',
    tag: 'Provisioning requests',
    summary: 'How it stands, as a table of plain text',
    description:
      'Columns RESOURCE, TYPE, STATUS and MESSAGE of 30, 15, 20 and 40 characters: the request, its O-Clouds as they answer now, and what each step has made.',
    params: idParams,
    paramExamples: pathExample,
    query: none,
    body: noBody,
    answers: { 200: { description: 'The table.', text: { 'text/plain': statusTableExample } } },
    errors: ['NOT_FOUND'],
    async handle({ params }) {
      const record = await provisioning.get(params.provisioningRequestId)
      const body = statusTableText(statusRows(record, await seen(record, oClouds)))
      return { status: 200, body, type: 'text/plain; charset=utf-8' }
    },
  })
}

async function seen(record: ProvisioningRecord, oClouds: StatusTableParts['oClouds']): Promise<SeenOCloud[]> {
  const made = record.steps.flatMap((step) => step.made?.oCloudId ?? [])
  const ids = [...new Set([...record.oCloudIds, ...made])]
  const statuses = await statusesOf(oClouds, ids)
  const found = await Promise.all(
    ids.map(async (oCloudId, index) => {
      const status = statuses[index]
      const name = await nameOf(oCloudId, oClouds)
      return status && name !== undefined ? [{ oCloudId, name, status }] : []
    }),
  )
  return found.flat()
}

/** Undefined when it is gone, as a cluster that the request made and removed again. */
async function nameOf(oCloudId: string, oClouds: StatusTableParts['oClouds']): Promise<string | undefined> {
  try {
    return (await oClouds.get(oCloudId)).value.name
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}
