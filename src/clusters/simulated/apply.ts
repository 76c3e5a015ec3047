import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { ObjectGuard } from '../../store/objects.ts'
import type { Cluster, KubernetesObject, WriteOptions } from '../cluster.ts'
import { listAt, numberAt, stringAt } from '../fields.ts'
import { isJsonObject, readApplied, refusalByFields, refusalOfApplied, refusalOfResult } from './admission.ts'
import { fillCustomDefaults, invalidCustomField, undeclaredCustomField } from './custom-schema.ts'
import { fillDefaults } from './defaults.ts'
import { applyFields } from './field-ownership.ts'
import type { KindLookup } from './kind-lookup.ts'
import { builtInKind, type KnownKind, kindOfDefinition } from './kinds.ts'
import { nameOf, namespaceOf, refOf } from './naming.ts'
import { type Standing, type StoredObjects, shelfOf, shown } from './stored-objects.ts'
import { untilWritten } from './until-written.ts'

export interface WriteParts {
  objects: StoredObjects
  kinds: KindLookup
  fieldManager: string
}

type ApplyOptions = WriteOptions & { force?: boolean; expect?: 'absent' | { uid: string } }

const NAMESPACES = builtInKind({ apiVersion: 'v1', kind: 'Namespace' })

/** Server-side apply on a simulated cluster. */
export function createApply({ objects, kinds, fieldManager }: WriteParts): Cluster['apply'] {
  return async (object, options = {}) => {
    options.signal?.throwIfAborted()
    const known = await kinds.need(object)
    const namespace = namespaceOf(known, refOf(object))
    const applied = readApplied(object, known)
    const schema = await kinds.schemaOf(known, object.apiVersion)
    const refused = refusalOfApplied(object, known) ?? refusalByFields(object, undeclaredCustomField(applied, schema))
    if (refused !== undefined) throw refusal(object, refused)
    return await untilWritten(options.signal, async () => {
      const { revision, standing } = await objects.read(known, namespace, object.metadata.name)
      requireExpected(object, standing, options)
      const guards = standing === undefined && namespace !== '' ? [await activeNamespace(object, namespace)] : []
      const next = nextState({ object, applied, standing, known, schema, fieldManager, force: options.force === true })
      if (standing !== undefined && isDeepStrictEqual(next, { object: standing.object, managers: standing.managers })) {
        return shown(standing.object, standing.revision, object.apiVersion)
      }
      if (options.dryRun === true) return shown(next.object, standing?.revision ?? revision, object.apiVersion)
      options.signal?.throwIfAborted()
      const change = {
        known,
        namespace,
        name: object.metadata.name,
        before: standing,
        after: isReleased(next.object) ? undefined : next,
      }
      const written = await objects.commit([change], guards, await besides(known, next.object))
      return shown(next.object, written[0] ?? revision, object.apiVersion)
    })
  }

  async function activeNamespace(object: KubernetesObject, namespace: string): Promise<ObjectGuard> {
    if (NAMESPACES === undefined) throw new TypeError('Namespace is a built-in kind')
    const { standing } = await objects.read(NAMESPACES, '', namespace)
    if (standing === undefined) throw refusal(object, `namespaces "${namespace}" not found`)
    if (stringAt(standing.object, 'metadata', 'deletionTimestamp') !== undefined) {
      throw refusal(
        object,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
        true,
      )
    }
    return { shelf: shelfOf(NAMESPACES, ''), name: namespace, revision: standing.revision }
  }

  async function besides(known: KnownKind, definition: JsonObject) {
    if (known.kind !== 'CustomResourceDefinition') return []
    const made = kindOfDefinition(definition)
    const write = made && (await kinds.writeBeside(made, definition))
    return write === undefined ? [] : [write]
  }
}

function requireExpected(object: KubernetesObject, standing: Standing | undefined, { expect }: ApplyOptions): void {
  const uid = stringAt(standing?.object, 'metadata', 'uid')
  if (expect === 'absent' && standing !== undefined) {
    throw new ServiceError('CONFLICT', `${nameOf(refOf(object))} exists already`)
  }
  const wantedUid = expect !== 'absent' && expect !== undefined ? expect.uid : object.metadata.uid
  if (wantedUid !== undefined && wantedUid !== uid) {
    throw new ServiceError('CONFLICT', `${nameOf(refOf(object))} is another object by now, or gone`)
  }
  const version = object.metadata.resourceVersion
  if (version !== undefined && standing !== undefined && version !== String(standing.revision)) {
    throw new ServiceError('CONFLICT', `${nameOf(refOf(object))} has been modified; read it again`, { retryable: true })
  }
}

interface Input {
  object: KubernetesObject
  applied: JsonObject
  standing: Standing | undefined
  known: KnownKind
  /** Of a custom kind. */
  schema: unknown
  fieldManager: string
  force: boolean
}

function nextState({
  object,
  applied,
  standing,
  known,
  schema,
  fieldManager,
  force,
}: Input): Pick<Standing, 'object' | 'managers'> {
  const now = `${new Date().toISOString().slice(0, 19)}Z`
  const live = standing?.object ?? {}
  const by = { manager: fieldManager, force, builtIn: known.definedBy === undefined }
  const { conflicts, result } = applyFields(
    structuredClone(live),
    standing?.managers ?? {},
    structuredClone(applied),
    by,
  )
  if (conflicts.length > 0) {
    const owners = conflicts.map(({ manager, path }) => `"${manager}" owns ${path}`).join('; ')
    throw new ServiceError('CONFLICT', `${nameOf(refOf(object))}: ${owners}`)
  }
  const after = result.object
  fillDefaults(after, known, now)
  fillCustomDefaults(after, schema)
  const metadata = isJsonObject(after.metadata) ? after.metadata : {}
  if (standing === undefined) {
    metadata.uid = randomUUID()
    metadata.creationTimestamp = now
  }
  const refused = refusalOfResult(after, standing?.object, known) ?? invalidCustomField(after, schema)
  if (refused !== undefined) throw refusal(object, refused)
  if (known.counted) {
    const generation = numberAt(live, 'metadata', 'generation') ?? 0
    metadata.generation =
      standing !== undefined && isDeepStrictEqual(specOf(after), specOf(live)) ? generation : generation + 1
  }
  return { object: { ...after, metadata }, managers: result.managers }
}

/** Everything whose change counts as a new generation. */
function specOf({ metadata: _, status: __, ...rest }: JsonObject): JsonObject {
  return rest
}

/** It was being deleted, and its last finalizer is gone. */
function isReleased(object: JsonObject): boolean {
  return (
    stringAt(object, 'metadata', 'deletionTimestamp') !== undefined &&
    listAt(object, 'metadata', 'finalizers').length === 0
  )
}

function refusal(object: KubernetesObject, words: string, retryable = false): ServiceError {
  return new ServiceError('APPLY_FAILED', `${nameOf(refOf(object))}: ${words}`, { retryable })
}
