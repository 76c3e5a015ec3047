import { ServiceError } from '../../errors.ts'
import type { KindRef, KubernetesObject } from '../cluster.ts'
import { isObject, listAt, stringAt } from '../fields.ts'
import type { Unserved } from './address.ts'
import type { Connection } from './connection.ts'
import { isUnknownKind, refusalOf } from './refusal.ts'

export interface Listing {
  objects: KubernetesObject[]
  /** From where a watch goes on. */
  resourceVersion: string
}

const PAGE = '500'

/** Reads a whole collection, page by page, as it stood at one instant. */
export async function listObjects(
  { connection, kind, unserved }: { connection: Connection; kind: KindRef; unserved: Unserved },
  path: string,
  query: Record<string, string | undefined>,
  signal?: AbortSignal,
): Promise<Listing> {
  const objects: KubernetesObject[] = []
  let next: string | undefined
  for (;;) {
    const answer = await connection.call(
      { method: 'GET', path, query: { ...query, limit: PAGE, continue: next } },
      signal,
    )
    if (isUnknownKind(answer)) throw await unserved(kind, { signal })
    if (answer.status === 410 && next !== undefined) {
      // The server has forgotten the instant of the first page: what was read is of no use.
      throw new ServiceError('UNAVAILABLE', `The list of ${kind.kind} took too long: its pages have expired`, {
        retryable: true,
      })
    }
    if (answer.status !== 200) throw refusalOf(answer, { what: `The list of ${kind.kind}` })
    for (const item of listAt(answer.body, 'items')) objects.push(objectOf(item, kind))
    next = stringAt(answer.body, 'metadata', 'continue')
    if (next === undefined || next === '') {
      return { objects, resourceVersion: stringAt(answer.body, 'metadata', 'resourceVersion') ?? '' }
    }
  }
}

/** What the server sent, as an object; items of a list come without apiVersion and kind. */
export function objectOf(body: unknown, kind: KindRef): KubernetesObject {
  if (!isObject(body) || !isObject(body.metadata) || typeof body.metadata.name !== 'string') {
    throw new ServiceError('UNAVAILABLE', `The API server sent something that is no ${kind.kind}`, { retryable: true })
  }
  const { name } = body.metadata
  return { ...body, apiVersion: kind.apiVersion, kind: kind.kind, metadata: { ...body.metadata, name } }
}
