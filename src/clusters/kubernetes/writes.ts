import { ServiceError } from '../../errors.ts'
import type { Cluster, KindRef, KubernetesObject, ObjectRef } from '../cluster.ts'
import { pause } from '../pause.ts'
import { addressOf, createUnserved, nameOf, objectPath, refOf } from './address.ts'
import type { Connection, RawAnswer, RawCall } from './connection.ts'
import type { Discovery } from './discovery.ts'
import { objectOf } from './list.ts'
import { isNotFound, isUnknownKind, ownersOf, refusalOf } from './refusal.ts'

const APPLY_PATCH = 'application/apply-patch+yaml'
const MERGE_PATCH = 'application/merge-patch+json'
/** No object ever has it: etcd counts from 1, and the first write is 2. */
const NEVER = '1'
const SERVED_WITHIN_MS = 10_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/** The verbs of the port that write. */
export function createWrites(
  connection: Connection,
  discovery: Discovery,
  fieldManager: string,
): Pick<Cluster, 'apply' | 'delete' | 'releaseFinalizer' | 'updateStatus'> {
  const unserved = createUnserved(discovery)

  /** A kind that is listed and not served will be in a moment: what was not written is sent again. */
  async function write(ref: ObjectRef, call: RawCall, signal?: AbortSignal): Promise<RawAnswer> {
    const until = performance.now() + SERVED_WITHIN_MS
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      const answer = await connection.call(call, signal)
      forgetKinds(ref)
      if (!isUnknownKind(answer)) return answer
      const refusal = await unserved(ref, { signal })
      if (!refusal.retryable || performance.now() > until) throw refusal
      await pause(wait, signal)
    }
  }

  /** What a CRD serves changes with it. */
  function forgetKinds({ kind }: KindRef): void {
    if (kind === 'CustomResourceDefinition') discovery.forget()
  }

  return {
    async apply(object, { signal, dryRun, force, expect } = {}) {
      const ref = refOf(object)
      const address = await addressOf(discovery, ref, { signal })
      const query = {
        fieldManager,
        fieldValidation: 'Strict',
        force: force ? 'true' : undefined,
        dryRun: dryRun ? 'All' : undefined,
      }
      const call: RawCall = {
        method: 'PATCH',
        path: objectPath(address, ref),
        query,
        body: conditional(object, expect),
        contentType: APPLY_PATCH,
      }
      const answer = await write(ref, call, signal)
      if (answer.status < 300) return objectOf(answer.body, ref)
      const refusal = refusalOf(answer, { what: nameOf(ref), sent: object })
      throw expect !== undefined && refusal.code === 'CONFLICT' ? unexpected(ref, expect, answer, refusal) : refusal
    },
    async delete(ref, { signal, dryRun, uid } = {}) {
      const address = await discovery.find(ref, { signal })
      if (address === undefined) return false
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        ...(uid !== undefined && { preconditions: { uid } }),
        ...(dryRun && { dryRun: ['All'] }),
      }
      // The options in the body are what counts; the one in the address is what the audit log shows.
      const query = { dryRun: dryRun ? 'All' : undefined }
      const answer = await connection.call({ method: 'DELETE', path: objectPath(address, ref), query, body }, signal)
      forgetKinds(ref)
      if (isNotFound(answer)) return false
      if (answer.status >= 300) throw refusalOf(answer, { what: nameOf(ref) })
      return true
    },
    async releaseFinalizer(ref, finalizer, { signal, uid }) {
      const address = await discovery.find(ref, { signal })
      if (address === undefined) return
      const path = objectPath(address, ref)
      const answer = await connection.call({ method: 'GET', path }, signal)
      if (isNotFound(answer)) return
      if (answer.status !== 200) throw refusalOf(answer, { what: nameOf(ref) })
      const { metadata } = objectOf(answer.body, ref)
      if (metadata.uid !== uid || !metadata.finalizers?.includes(finalizer)) return
      const finalizers = metadata.finalizers.filter((one) => one !== finalizer)
      const body = { metadata: { uid, resourceVersion: metadata.resourceVersion, finalizers } }
      const query = { fieldManager }
      const patched = await connection.call({ method: 'PATCH', path, query, body, contentType: MERGE_PATCH }, signal)
      if (patched.status < 300 || isNotFound(patched)) return
      const refusal = refusalOf(patched, { what: nameOf(ref) })
      if (refusal.code !== 'CONFLICT') throw refusal
      throw new ServiceError('CONFLICT', refusal.message, { cause: refusal, retryable: true })
    },
    async updateStatus(object, { signal } = {}) {
      const ref = refOf(object)
      if (object.metadata.resourceVersion === undefined) {
        const missing = 'a status needs the metadata.resourceVersion at which the object was read'
        throw new ServiceError('APPLY_FAILED', `${nameOf(ref)}: ${missing}`)
      }
      const address = await addressOf(discovery, ref, { signal })
      const query = { fieldManager, fieldValidation: 'Strict' }
      const path = `${objectPath(address, ref)}/status`
      const answer = await write(ref, { method: 'PUT', path, query, body: object }, signal)
      if (answer.status >= 300) throw refusalOf(answer, { what: nameOf(ref), sent: object })
      return objectOf(answer.body, ref)
    },
  }
}

type Expectation = 'absent' | { uid: string } | undefined

/**
 * Server-side apply has no "only if absent"; what it has are preconditions in the object itself. Seen on Kubernetes 1.33, for built-in, cluster-scoped
 * and custom kinds: a resourceVersion that is not the current one fails with 409 on an object that exists and is no hindrance to one that does
 * not; an uid fails with 409 where there is no object and with 422 (metadata.uid is immutable) on another one. Both are checked in the transaction that writes, so
 * there is no gap. A POST would be as safe, but its fields belong to another kind of field manager, and the next apply would conflict with ourselves.
 */
function conditional(object: KubernetesObject, expect: Expectation): KubernetesObject {
  if (expect === undefined) return object
  const condition = expect === 'absent' ? { resourceVersion: NEVER, uid: undefined } : { uid: expect.uid }
  return { ...object, metadata: { ...object.metadata, ...condition } }
}

function unexpected(
  ref: ObjectRef,
  expect: Exclude<Expectation, undefined>,
  answer: RawAnswer,
  refusal: ServiceError,
): ServiceError {
  // The owners of fields are looked at before the condition: an object that exists may be refused for either.
  const owners = ownersOf(answer)
  if (expect === 'absent') {
    const more = owners === undefined ? '' : ` (${owners})`
    return new ServiceError('CONFLICT', `${nameOf(ref)} exists already${more}`, { cause: refusal })
  }
  if (owners !== undefined) return refusal
  return new ServiceError('CONFLICT', `${nameOf(ref)} is another object by now, or gone`, { cause: refusal })
}
