import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { createRounds } from '../../rounds.ts'
import type { ObjectChange, ObjectGuard, ObjectWrite, Shelf, StoredObject } from '../../store/objects.ts'
import { NoSuchSpace } from '../../store/objects.ts'
import type { Store } from '../../store/store.ts'
import type { KubernetesObject } from '../cluster.ts'
import { isObject } from '../fields.ts'
import { isJsonObject } from './admission.ts'
import type { Managers } from './field-ownership.ts'
import { type KnownKind, kindKey } from './kinds.ts'

/** An object as it stands, without resourceVersion (that is `revision`), and who owns which of its fields. */
export interface Standing {
  object: JsonObject
  managers: Managers
  revision: number
}

export interface Change {
  known: KnownKind
  namespace: string
  name: string
  /** Absent: there is nothing yet. */
  before?: Standing
  /** Absent: the object goes. */
  after?: { object: JsonObject; managers: Managers }
}

/**
 * The objects of one simulated cluster. Secrets are sealed as a whole, names and labels included. Rejects with VersionConflict when another writer
 * was first, with UNAVAILABLE when the cluster is gone or the store is away.
 */
export interface StoredObjects {
  read(known: KnownKind, namespace: string, name: string): Promise<{ revision: number; standing: Standing | undefined }>
  /** The objects are those of all who ask at the same time: not theirs to change. */
  list(known: KnownKind, namespace?: string): Promise<{ revision: number; objects: Standing[] }>
  namesIn(namespace: string): Promise<(Shelf & { name: string })[]>
  /** All or nothing; answers the new revisions. */
  commit(changes: Change[], guards?: ObjectGuard[], beside?: ObjectWrite[]): Promise<number[]>
  /** Reads one change of the feed. */
  readChange(change: ObjectChange): JsonObject
  /** @throws ServiceError UNAVAILABLE when the cluster was never made, or is gone */
  requireCluster(): Promise<void>
  /** What stands beside the objects, unread. */
  readText(shelf: Shelf, name: string): Promise<StoredObject | undefined>
}

const SECRET = '/Secret'

export function createStoredObjects({
  oCloudId,
  store,
}: {
  oCloudId: string
  store: Pick<Store, 'objects' | 'secrets'>
}): StoredObjects {
  const spaces = store.objects
  const listing = createRounds<{ revision: number; objects: Standing[] }>()

  const contextOf = (shelf: Shelf, name: string) => `simulated:${oCloudId}:${shelf.kind}:${shelf.namespace}:${name}`

  function seal(shelf: Shelf, name: string, text: string): string {
    return shelf.kind === SECRET ? store.secrets.seal(text, contextOf(shelf, name)) : text
  }

  function open(shelf: Shelf, name: string, text: string): string {
    return shelf.kind === SECRET ? store.secrets.open(text, contextOf(shelf, name)) : text
  }

  function decode(stored: StoredObject): Standing {
    const { object, managers }: { object: JsonObject; managers: Managers } = JSON.parse(
      open(stored, stored.name, stored.text),
    )
    return { object, managers, revision: stored.revision }
  }

  function writeOf({ known, namespace, name, before, after }: Change): ObjectWrite {
    const shelf = shelfOf(known, namespace)
    const object = JSON.stringify(after?.object ?? before?.object ?? {})
    const told = shelf.kind === SECRET ? JSON.stringify(seal(shelf, name, object)) : object
    const expected = before?.revision ?? 0
    if (after === undefined) return { shelf, name, expected, told }
    const text = `{"object":${object},"managers":${JSON.stringify(after.managers)}}`
    return { shelf, name, expected, told, text: seal(shelf, name, text) }
  }

  function gone(cause?: unknown): ServiceError {
    return new ServiceError('UNAVAILABLE', `the simulated cluster ${oCloudId} is gone`, { cause, retryable: true })
  }

  async function here<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof NoSuchSpace)) throw error
      throw gone(error)
    }
  }

  return {
    async read(known, namespace, name) {
      const { revision, object } = await here(spaces.get(oCloudId, shelfOf(known, namespace), name))
      return { revision, standing: object === undefined ? undefined : decode(object) }
    },
    async list(known, namespace) {
      const kind = kindKey(known.group, known.kind)
      return await listing.join(`${kind}|${namespace ?? '*'}`, async () => {
        const { revision, objects } = await here(spaces.list(oCloudId, kind, namespace))
        return { revision, objects: objects.map(decode) }
      })
    },
    namesIn: (namespace) => here(spaces.namesIn(oCloudId, namespace)),
    commit: (changes, guards = [], beside = []) =>
      here(spaces.commit(oCloudId, [...changes.map(writeOf), ...beside], guards)),
    readChange(change) {
      const { kind, name, told } = change
      const object = kind === SECRET && typeof told === 'string' ? JSON.parse(open(change, name, told)) : told
      return isJsonObject(object) ? object : {}
    },
    async requireCluster() {
      if (!(await spaces.exists(oCloudId))) throw gone()
    },
    readText: async (shelf, name) => (await here(spaces.get(oCloudId, shelf, name))).object,
  }
}

export function shelfOf(known: KnownKind, namespace: string): Shelf {
  return { kind: kindKey(known.group, known.kind), namespace }
}

/** As a client sees it: with the resourceVersion, and in the version of the kind that it asked for. */
export function shown(object: JsonObject, revision: number, apiVersion: string): KubernetesObject {
  const content: Record<string, unknown> = object
  const metadata = isObject(content.metadata) ? content.metadata : {}
  const named = { ...metadata, name: String(metadata.name), resourceVersion: String(revision) }
  return { ...content, apiVersion, kind: String(content.kind), metadata: named }
}
