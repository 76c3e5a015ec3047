import type { IncomingHttpHeaders } from 'node:http'
import { etag, notModified } from './etag.ts'
import type { Answer } from './operation.ts'

/** A single resource with its ETag, and where it stands when the answer makes or moves it. */
export function resource(status: number, body: unknown, version: string | number, location?: string): Answer {
  return { status, body, headers: { ETag: etag(version), ...(location !== undefined && { Location: location }) } }
}

/** 304 when the client knows this version already, else 200 with the resource. */
export function resourceUnlessKnown(headers: IncomingHttpHeaders, body: unknown, version: string | number): Answer {
  return notModified(headers, version)
    ? { status: 304, headers: { ETag: etag(version) } }
    : resource(200, body, version)
}
