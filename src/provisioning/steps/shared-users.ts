import { createHash } from 'node:crypto'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { OWNER_LABEL } from '../../clusters/ownership.ts'
import { isWorkload } from './object-order.ts'
import { ownerOf, stamped } from './ownership.ts'
import type { StepContext } from './step.ts'

/** On the mark of each user: what it shares. */
const SHARED_LABEL = 'o2ims.dev/shared'

export type OperatorFrom = 'package' | 'external'

/** One request that uses a shared package. */
export interface SharedUser {
  reference: string
  /** What it applied, so that nobody applies another thing over it. */
  base: string
  workloads: string
}

/** What two users have to agree on: the package without its workloads, and these. */
export function contentOf(objects: readonly KubernetesObject[]): Pick<SharedUser, 'base' | 'workloads'> {
  return {
    base: hashOf(objects.filter((object) => !isWorkload(object))),
    workloads: hashOf(objects.filter(isWorkload)),
  }
}

const hashOf = (objects: readonly KubernetesObject[]): string =>
  createHash('sha256').update(JSON.stringify(objects)).digest('hex').slice(0, 32)

/**
 * The mark of a user: an object of its own on the cluster itself, so that users are counted also where several services share a cluster or one has lost its store,
 * and no two of them write the same object.
 */
export function markOf(
  shared: string,
  namespace: string,
  content: Pick<SharedUser, 'base' | 'workloads'>,
  context: StepContext,
): KubernetesObject {
  const { reference, provisioningRequestId } = context.request
  const mark: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${shared}-user-${reference}`, namespace, labels: { [SHARED_LABEL]: shared } },
    data: { provisioningRequestId, base: content.base, workloads: content.workloads },
  }
  return stamped(mark, ownerOf(context))
}

/** Everybody who uses it but this request, in whatever namespace. */
export async function otherUsers(cluster: Cluster, shared: string, context: StepContext): Promise<SharedUser[]> {
  const { signal, request } = context
  const marks = await cluster.list(MARKS, { labelSelector: `${SHARED_LABEL}=${shared}` }, { signal })
  return marks
    .filter((mark) => mark.metadata.deletionTimestamp === undefined)
    .map((mark) => ({
      reference: mark.metadata.labels?.[OWNER_LABEL] ?? mark.metadata.name,
      base: stringAt(mark, 'data', 'base') ?? '',
      workloads: stringAt(mark, 'data', 'workloads') ?? '',
    }))
    .filter(({ reference }) => reference !== request.reference)
}

const MARKS = { apiVersion: 'v1', kind: 'ConfigMap' }
