import { ServiceError } from '../errors.ts'
import type { Reply } from './redis-client.ts'
import { AlreadyExists, ChangedReference, Fenced, MissingReference, StillReferenced, VersionConflict } from './store.ts'

/** The error for what a write script answered instead of OK. */
export function refusalOf([code, ...details]: Reply[], collection: string, id: string): Error {
  switch (code) {
    case 'EXISTS':
      return new AlreadyExists(`${collection} ${id} exists already, or its unique key is taken`)
    case 'CONFLICT':
      return new VersionConflict(`${collection} ${id} was changed by somebody else`)
    case 'FENCED':
      return new Fenced(`${collection} ${id} is worked on by somebody else now`)
    case 'MISSING':
      return new MissingReference(parseName(String(details[0])))
    case 'CHANGED':
      return new ChangedReference(`${String(details[0])} was written to since it was read`)
    case 'USED':
      return new StillReferenced(details.map(String).sort())
    default:
      return new ServiceError('INTERNAL', `a write of ${collection} ${id} was answered with ${String(code)}`)
  }
}

function parseName(name: string): { collection: string; id: string } {
  const colon = name.indexOf(':')
  return { collection: name.slice(0, colon), id: name.slice(colon + 1) }
}
