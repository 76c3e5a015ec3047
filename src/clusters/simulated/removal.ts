import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { Cluster, ObjectRef } from '../cluster.ts'
import { at, isObject, listAt, stringAt } from '../fields.ts'
import { isJsonObject } from './admission.ts'
import type { WriteParts } from './apply.ts'
import { builtInKind, type KnownKind, kindKey, kindOfDefinition } from './kinds.ts'
import { nameOf, namespaceOf } from './naming.ts'
import type { Change, Standing } from './stored-objects.ts'
import { untilWritten } from './until-written.ts'

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' }
const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }

type DeleteOptions = NonNullable<Parameters<Cluster['delete']>[1]>

export interface Removal {
  delete: Cluster['delete']
  /** Takes along what stands in a namespace, or is of a custom kind, that is being deleted; then that itself unless finalizers hold something. Fine when there is nothing to do. */
  finish(ref: ObjectRef): Promise<void>
}

/** Deletion as an API server does it, with the parts of its controller manager that a simulated cluster cannot do without. */
export function createRemoval({ objects, kinds }: Pick<WriteParts, 'objects' | 'kinds'>): Removal {
  /** Marks it as being deleted, or removes it. Answers the object as it is then; undefined when it was not there. */
  async function begin(known: KnownKind, ref: ObjectRef, { uid, dryRun, signal }: DeleteOptions) {
    const namespace = namespaceOf(known, ref)
    return await untilWritten(signal, async (): Promise<Standing | undefined> => {
      const { standing } = await objects.read(known, namespace, ref.name)
      if (standing === undefined) return undefined
      const found = stringAt(standing.object, 'metadata', 'uid')
      if (uid !== undefined && uid !== found)
        throw new ServiceError('CONFLICT', `${nameOf(ref)} is another object by now`)
      const after = afterDelete(standing, known)
      if (dryRun === true || after === standing) return standing
      signal?.throwIfAborted()
      await objects.commit([{ known, namespace, name: ref.name, before: standing, after }])
      return standing
    })
  }

  async function finish(ref: ObjectRef): Promise<void> {
    const known = await kinds.find(ref)
    if (known === undefined) return
    await untilWritten(undefined, async () => {
      const { standing } = await objects.read(known, '', ref.name)
      if (standing === undefined || stringAt(standing.object, 'metadata', 'deletionTimestamp') === undefined) return
      const rest = ref.kind === 'Namespace' ? await emptied(ref.name) : await emptiedKind(standing)
      if (rest > 0 || listAt(standing.object, 'metadata', 'finalizers').length > 0) return
      const made = ref.kind === 'Namespace' ? undefined : kindOfDefinition(standing.object)
      const beside = made && (await kinds.writeBeside(made, undefined))
      const change: Change = { known, namespace: '', name: ref.name, before: standing }
      await objects.commit([change], [], beside === undefined ? [] : [beside])
    })
  }

  /** How many objects finalizers keep in that namespace. */
  async function emptied(namespace: string): Promise<number> {
    for (const { kind, name } of await objects.namesIn(namespace)) {
      await removeOne(kind, namespace, name)
    }
    return (await objects.namesIn(namespace)).length
  }

  async function emptiedKind(definition: Standing): Promise<number> {
    const known = kindOfDefinition(definition.object)
    if (known === undefined) return 0
    for (const { object } of (await objects.list(known)).objects) {
      const namespace = stringAt(object, 'metadata', 'namespace') ?? ''
      await removeOne(kindKey(known.group, known.kind), namespace, stringAt(object, 'metadata', 'name') ?? '')
    }
    return (await objects.list(known)).objects.length
  }

  async function removeOne(key: string, namespace: string, name: string): Promise<void> {
    const known = await kinds.findByKey(key)
    if (known === undefined) return
    const version = known.versions[0] ?? ''
    const apiVersion = known.group === '' ? version : `${known.group}/${version}`
    const ref = { apiVersion, kind: known.kind, name, ...(namespace !== '' && { namespace }) }
    await begin(known, ref, { dryRun: false })
  }

  return {
    finish,
    async delete(ref, { signal, dryRun = false, uid } = {}) {
      signal?.throwIfAborted()
      const known = await kinds.find(ref)
      if (known === undefined) return false
      const gone = await begin(known, ref, { uid, dryRun, signal })
      if (gone === undefined) return false
      if (!dryRun && holdsOthers(known)) await finish(ref)
      return true
    },
  }
}

/** Namespaces and definitions go last, after what they hold. */
function holdsOthers(known: KnownKind): boolean {
  return known === builtInKind(NAMESPACE) || known === builtInKind(DEFINITION)
}

/** What stands after a delete: the same object when it is being deleted already, undefined when it goes at once. */
function afterDelete(standing: Standing, known: KnownKind): Pick<Standing, 'object' | 'managers'> | undefined {
  const metadata = at(standing.object, 'metadata')
  const held = holdsOthers(known) || listAt(standing.object, 'metadata', 'finalizers').length > 0
  if (!held) return undefined
  if (!isObject(metadata) || metadata.deletionTimestamp !== undefined) return standing
  const object: JsonObject = structuredClone(standing.object)
  const now = `${new Date().toISOString().slice(0, 19)}Z`
  if (isJsonObject(object.metadata))
    object.metadata = { ...object.metadata, deletionTimestamp: now, deletionGracePeriodSeconds: 0 }
  if (known.kind === 'Namespace')
    object.status = { ...(isJsonObject(object.status) ? object.status : {}), phase: 'Terminating' }
  return { object, managers: standing.managers }
}
