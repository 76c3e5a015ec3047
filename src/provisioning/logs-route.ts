import { z } from 'zod'
import type { EventStreams } from '../http/event-stream.ts'
import { noBody, type Operation, operation } from '../http/operation.ts'
import { flag } from '../http/query-values.ts'
import { logsExample, pathExample } from './examples.ts'
import { stillHere } from './logs.ts'
import { FRONT_DOOR } from './representation.ts'
import { idParams } from './schema.ts'
import type { ProvisioningService } from './service-types.ts'

const MOST_LINES = 10_000

const query = z.strictObject({
  follow: flag('Go on until the request has ended.'),
  tail: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number')
    .transform(Number)
    .refine((lines) => lines <= MOST_LINES, `must be at most ${MOST_LINES}`)
    .optional()
    .meta({ description: 'Of the lines that stand already, only the last so many.' }),
})

/** `…/{id}/logs`: what the run logged for this request. */
export function logsOperation({
  provisioning,
  streams,
}: {
  provisioning: ProvisioningService
  streams: EventStreams
}): Operation {
  return operation({
    method: 'GET',
    path: `${FRONT_DOOR}/{provisioningRequestId}/logs`,
    operationId: 'getProvisioningRequestLogs',
    tag: 'Provisioning requests',
    summary: 'The log of a request, as lines of JSON',
    description:
      'One JSON object on each line: `time`, `level` (debug, info, warn, error) and `msg`; where they are known `step`, `generation`, `durationMs`, and of a tool its `tool` and `stream`. The newest 2,000 lines (256 KiB) are kept; the first line says how many older ones are not. It goes with the request. With `follow=true` a line with `heartbeat` comes while nothing happens.',
    params: idParams,
    paramExamples: pathExample,
    query,
    body: noBody,
    head: false,
    answers: { 200: { description: 'The lines.', text: { 'application/x-ndjson': logsExample } } },
    errors: ['NOT_FOUND'],
    async handle({ params, query: { follow, tail }, reply }) {
      const id = params.provisioningRequestId
      const open = (signal: AbortSignal) =>
        provisioning.logs(id, { follow, signal, ...(tail !== undefined && { tail }) })
      if (follow) {
        await provisioning.get(id)
        await streams.sendLines(reply, open, stillHere)
        return undefined
      }
      let body = ''
      for await (const line of open(new AbortController().signal)) body += `${line}\n`
      return { status: 200, body, type: 'application/x-ndjson' }
    },
  })
}
