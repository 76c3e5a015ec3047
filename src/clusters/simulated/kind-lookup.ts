import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { ObjectWrite } from '../../store/objects.ts'
import type { KindRef } from '../cluster.ts'
import { schemaOf } from './custom-schema.ts'
import { builtInByKey, type KnownKind, keyOfRef, kindKey, kindOfDefinition, servesVersion } from './kinds.ts'
import type { StoredObjects } from './stored-objects.ts'

/** Custom kinds stand on a shelf of their own beside their definitions, so that one small read tells of a kind. */
const KINDS_SHELF = { kind: '~kinds', namespace: '' }

const DEFINITIONS = builtInByKey('apiextensions.k8s.io/CustomResourceDefinition')

export interface KindLookup {
  find(ref: KindRef): Promise<KnownKind | undefined>
  /** Whatever versions it has. */
  findByKey(key: string): Promise<KnownKind | undefined>
  /** @throws ServiceError APPLY_FAILED when this cluster does not know the kind */
  need(ref: KindRef): Promise<KnownKind>
  /** The schema of a custom kind; undefined for built-in ones. */
  schemaOf(known: KnownKind, apiVersion: string): Promise<unknown>
  /** The write that goes with the writing (or, without `definition`, the removal) of a definition. Undefined: it stands already. */
  writeBeside(name: KnownKind, definition: JsonObject | undefined): Promise<ObjectWrite | undefined>
}

export function createKindLookup({ objects }: { objects: Pick<StoredObjects, 'read' | 'readText'> }): KindLookup {
  async function read(key: string) {
    return await objects.readText(KINDS_SHELF, key)
  }

  async function findByKey(key: string): Promise<KnownKind | undefined> {
    const builtIn = builtInByKey(key)
    if (builtIn !== undefined || key.startsWith('/')) return builtIn
    const stored = await read(key)
    return stored === undefined ? undefined : JSON.parse(stored.text)
  }

  async function find(ref: KindRef): Promise<KnownKind | undefined> {
    const known = await findByKey(keyOfRef(ref))
    return known !== undefined && servesVersion(known, ref) ? known : undefined
  }

  return {
    find,
    findByKey,
    async need(ref) {
      const known = await find(ref)
      if (known !== undefined) return known
      const { apiVersion, kind } = ref
      throw new ServiceError(
        'APPLY_FAILED',
        `The simulated API server does not know ${apiVersion} ${kind}: is its CRD installed?`,
      )
    },
    async schemaOf({ definedBy }, apiVersion) {
      if (definedBy === undefined || DEFINITIONS === undefined) return undefined
      const { standing } = await objects.read(DEFINITIONS, '', definedBy)
      return standing && schemaOf(standing.object, apiVersion)
    },
    async writeBeside(known, definition) {
      const key = kindKey(known.group, known.kind)
      const stored = await read(key)
      const made = definition === undefined ? undefined : kindOfDefinition(definition)
      const text = made === undefined ? undefined : JSON.stringify(made)
      if (stored?.text === text) return undefined
      return { shelf: KINDS_SHELF, name: key, expected: stored?.revision ?? 0, text, told: 'null' }
    },
  }
}
