import type { RequestHeader, ResponseHeader } from './operation.ts'

/** How the headers that operations name are documented. */
export const requestHeaders: Record<RequestHeader, object> = {
  Accept: {
    name: 'Accept',
    in: 'header',
    required: false,
    description: 'Chooses among the media types of the answer.',
    schema: { type: 'string' },
  },
  'If-Match': {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'An ETag that was read before: the change happens only while it is still the current one (else 412).',
    schema: { type: 'string' },
  },
  'If-None-Match': {
    name: 'If-None-Match',
    in: 'header',
    required: false,
    description: 'An ETag that was read before: 304 without a body while it is still the current one.',
    schema: { type: 'string' },
  },
  'Last-Event-ID': {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    description: 'The id of the last event that was seen: the stream goes on after it.',
    schema: { type: 'string', pattern: '^[0-9]{1,16}-[0-9]{1,16}$' },
  },
  Version: {
    name: 'Version',
    in: 'header',
    required: false,
    description: 'The version of the API that the client speaks (SOL 013 9.2); the current one when absent.',
    schema: { type: 'string' },
  },
}

export const responseHeaders: Record<ResponseHeader, object> = {
  ETag: { description: 'The version of the resource, for If-Match and If-None-Match.', schema: { type: 'string' } },
  Link: {
    description: '`<…>; rel="next"`: where the next page is. Absent on the last one.',
    schema: { type: 'string' },
  },
  Location: { description: 'The path of the resource.', schema: { type: 'string', format: 'uri-reference' } },
  'Retry-After': { description: 'Seconds after which to try again.', schema: { type: 'integer' } },
  Version: { description: 'The version of the API that answered.', schema: { type: 'string' } },
}
