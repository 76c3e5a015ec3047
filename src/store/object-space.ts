import type { JsonValue } from '../json.ts'
import { createBatch } from './batch.ts'
import { KEYS } from './keys.ts'
import {
  commitObjectsScript,
  dropSpaceScript,
  getObjectsScript,
  listNamespaceScript,
  listObjectsScript,
} from './lua/objects.ts'
import { NoSuchSpace, type ObjectChange, type ObjectSpaces, type Shelf, type StoredObject } from './objects.ts'
import type { RedisClient, Reply, Script } from './redis-client.ts'
import { type Feed, VersionConflict } from './store.ts'

/** Objects by kind, namespace and name, with one revision counter for each space; every change reaches the feed in the same atomic step. */
export function createObjectSpaces({ client, feed }: { client: RedisClient; feed: Feed }): ObjectSpaces {
  const keysOf = (space: string) => [KEYS.objectRevision(space), KEYS.objectShelves(space)]
  const topicsOf = (space: string) => `objects:${space}:`

  async function answerOf(space: string, script: Script, keys: string[], args: (string | number)[]): Promise<Reply[]> {
    const reply = await client.script(script, keys, [KEYS.objectPrefix(space), ...args])
    if (!Array.isArray(reply)) throw new TypeError('a script of the store answered no list')
    if (reply[0] === 'NOSPACE') throw new NoSuchSpace(space)
    if (reply[0] === 'CONFLICT') throw new VersionConflict('an object was changed by somebody else')
    return reply.slice(1)
  }

  type Found = { revision: number; object: StoredObject | undefined }
  const reads = new Map<string, (wanted: { shelf: Shelf; name: string }) => Promise<Found>>()

  function readerOf(space: string) {
    const known = reads.get(space)
    if (known) return known
    const read = createBatch(async (wanted: { shelf: Shelf; name: string }[]): Promise<Found[]> => {
      const cells = wanted.flatMap(({ shelf, name }) => [shelfName(shelf), name])
      const [revision, ...values] = await answerOf(space, getObjectsScript, keysOf(space), cells)
      return wanted.map(({ shelf, name }, index) => ({
        revision: Number(revision),
        object: decode(shelf, name, String(values[index])),
      }))
    })
    reads.set(space, read)
    return read
  }

  return {
    async create(space) {
      // Counts from the time on: a space that is dropped and made again goes on above its old revisions.
      return (await client.run((redis) => redis.setnx(KEYS.objectRevision(space), Date.now()))) === 1
    },

    async exists(space) {
      return (await client.run((redis) => redis.exists(KEYS.objectRevision(space)))) === 1
    },

    async drop(space) {
      reads.delete(space)
      return (await client.script(dropSpaceScript, keysOf(space), [KEYS.objectPrefix(space)])) === 1
    },

    get: (space, shelf, name) => readerOf(space)({ shelf, name }),

    async list(space, kind, namespace) {
      const [revision, ...rows] = await answerOf(space, listObjectsScript, keysOf(space), [kind, namespace ?? '*'])
      return { revision: Number(revision), objects: decodeRows(rows) }
    },

    async namesIn(space, namespace) {
      const cells = await answerOf(space, listNamespaceScript, keysOf(space), [namespace])
      const found: (Shelf & { name: string })[] = []
      for (let index = 0; index + 1 < cells.length; index += 2) {
        found.push({ ...parseShelf(String(cells[index])), name: String(cells[index + 1]) })
      }
      return found
    },

    async commit(space, writes, guards = []) {
      const args: (string | number)[] = [topicsOf(space), guards.length]
      for (const guard of guards) args.push(shelfName(guard.shelf), guard.name, guard.revision)
      for (const write of writes) {
        const action = write.text === undefined ? 'remove' : 'put'
        args.push(action, shelfName(write.shelf), write.name, write.expected, write.text ?? '', write.told)
      }
      const revisions = await answerOf(space, commitObjectsScript, [...keysOf(space), KEYS.feed], args)
      return revisions.map(Number)
    },

    subscribe(space, kind, onChange, onGap) {
      return feed.subscribe(
        `${topicsOf(space)}${kind}`,
        ({ event, data }) => {
          const change = toChange(kind, event, data)
          if (change !== undefined) onChange(change)
        },
        onGap,
      )
    },
  }
}

function toChange(kind: string, event: string, data: JsonValue): ObjectChange | undefined {
  if (!Array.isArray(data) || (event !== 'ADDED' && event !== 'MODIFIED' && event !== 'DELETED')) return undefined
  const [revision, namespace, name, told = null] = data
  return {
    type: event,
    kind,
    namespace: String(namespace),
    name: String(name),
    revision: Number(revision),
    told,
  }
}

function shelfName(shelf: Shelf): string {
  return `${shelf.kind}|${shelf.namespace}`
}

function parseShelf(name: string): Shelf {
  const bar = name.indexOf('|')
  return { kind: name.slice(0, bar), namespace: name.slice(bar + 1) }
}

function decodeRows(cells: Reply[]): StoredObject[] {
  const objects: StoredObject[] = []
  for (let index = 0; index + 2 < cells.length; index += 3) {
    const object = decode(parseShelf(String(cells[index])), String(cells[index + 1]), String(cells[index + 2]))
    if (object !== undefined) objects.push(object)
  }
  return objects
}

function decode(shelf: Shelf, name: string, value: string): StoredObject | undefined {
  if (value === '') return undefined
  const blank = value.indexOf(' ')
  return { ...shelf, name, revision: Number(value.slice(0, blank)), text: value.slice(blank + 1) }
}
