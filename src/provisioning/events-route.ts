import { ServiceError } from '../errors.ts'
import type { EventStreams } from '../http/event-stream.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import { eventsExample, pathExample } from './examples.ts'
import { FRONT_DOOR, frontDoorInfo } from './representation.ts'
import { idParams } from './schema.ts'
import type { ProvisioningService } from './service-types.ts'

/** `…/{id}/events`: every step and phase as it happens. */
export function eventsOperation({
  provisioning,
  streams,
}: {
  provisioning: ProvisioningService
  streams: EventStreams
}): Operation {
  return operation({
    method: 'GET',
    path: `${FRONT_DOOR}/{provisioningRequestId}/events`,
    operationId: 'streamProvisioningRequestEvents',
    tag: 'Provisioning requests',
    summary: 'Every step and phase as it happens (Server-Sent Events)',
    description:
      'Events: `snapshot` (the whole representation; first without Last-Event-ID, and after a gap), `step`, `phase`, `end` (the stream closes). On shutdown the stream closes without `end`: come back with Last-Event-ID.',
    params: idParams,
    paramExamples: pathExample,
    query: none,
    body: noBody,
    head: false,
    requestHeaders: ['Last-Event-ID'],
    answers: { 200: { description: 'The stream.', text: { 'text/event-stream': eventsExample } } },
    errors: ['NOT_FOUND'],
    async handle({ params, headers, reply }) {
      const id = params.provisioningRequestId
      const lastEventId = checkEventId(headers['last-event-id'])
      await provisioning.get(id)
      await streams.send(reply, (signal) =>
        provisioning.events(id, {
          signal,
          represent: frontDoorInfo,
          ...(lastEventId !== undefined && { lastEventId }),
        }),
      )
      return undefined
    },
  })
}

function checkEventId(header: string | string[] | undefined): string | undefined {
  if (header === undefined || header === '') return undefined
  if (typeof header === 'string' && /^[0-9]{1,16}-[0-9]{1,16}$/.test(header)) return header
  throw new ServiceError('INVALID_ARGS', 'Last-Event-ID must be the id of an event of this stream')
}
