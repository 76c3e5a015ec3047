import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import type { JsonObject } from '../../json.ts'
import { PACKAGE_REVISION } from '../kinds.ts'
import { createDue } from './due.ts'

/** Names the PackageVariant by its uid, as its owner reference would; empty when it is an orphan. */
export const MADE_BY = 'internal.o2ims.simulated/package-variant'
const APPROVAL = 'approval.nephio.org/policy'
const LATEST = 'kpt.dev/latest-revision'

type Lifecycle = 'Draft' | 'Proposed' | 'Published' | 'DeletionProposed'

/** The first revision of a PackageVariant's package, e.g. `mgmt.edge1.packagevariant-1`. */
export function draftOf(variant: KubernetesObject): KubernetesObject {
  const repository = stringAt(variant, 'spec', 'downstream', 'repo') ?? ''
  const packageName = stringAt(variant, 'spec', 'downstream', 'package') ?? ''
  const workspaceName = 'packagevariant-1'
  const approval = stringAt(variant, 'spec', 'annotations', APPROVAL)
  const lifecycle: Lifecycle = 'Draft'
  return {
    ...PACKAGE_REVISION,
    metadata: {
      name: `${repository}.${packageName.replaceAll('/', '.')}.${workspaceName}`,
      namespace: variant.metadata.namespace,
      annotations: { [MADE_BY]: variant.metadata.uid ?? '', ...(approval !== undefined && { [APPROVAL]: approval }) },
    },
    spec: { packageName, repository, workspaceName, revision: 0, lifecycle },
  }
}

/** The revisions that a PackageVariant made and still owns. */
export async function ofVariant(cluster: Cluster, variant: KubernetesObject): Promise<KubernetesObject[]> {
  const all = await cluster.list(PACKAGE_REVISION, { namespace: variant.metadata.namespace })
  return all.filter((revision) => stringAt(revision, 'metadata', 'annotations', MADE_BY) === variant.metadata.uid)
}

/** Moves a revision on; everything else of it stays. */
export async function setLifecycle(
  cluster: Cluster,
  revision: KubernetesObject,
  lifecycle: Lifecycle,
  annotations: Record<string, string> = {},
): Promise<void> {
  const { name, namespace, uid = '', annotations: standing, labels } = revision.metadata
  const published = lifecycle === 'Published' || lifecycle === 'DeletionProposed'
  const spec: JsonObject = { ...revision.spec, lifecycle, revision: published ? 1 : 0 }
  const metadata = {
    name,
    namespace,
    annotations: { ...standing, ...annotations },
    labels: { ...labels, ...(published && { [LATEST]: 'true' }) },
  }
  await cluster.apply({ ...PACKAGE_REVISION, metadata, spec }, { expect: { uid }, force: true })
}

export interface RevisionParts {
  cluster: Cluster
  stepMs: number
  /** Config Sync: what stands in a published package gets applied. */
  published(revision: KubernetesObject): Promise<void>
}

/** Nephio's approval of drafts, with the policy `initial`: the first revision of a package is approved, no other ever. */
export function createRevisionReconcile({ cluster, stepMs, published }: RevisionParts) {
  const approvals = createDue()

  return async function reconcile(revision: KubernetesObject): Promise<number | undefined> {
    const { uid = '', annotations } = revision.metadata
    const lifecycle = stringAt(revision, 'spec', 'lifecycle')
    if (lifecycle === 'Published') await published(revision)
    if (lifecycle !== 'Draft' && lifecycle !== 'Proposed') return undefined
    if (annotations?.[APPROVAL] !== 'initial' || (await othersOf(revision))) return undefined
    const left = approvals.left(`${lifecycle} ${uid}`, stepMs)
    if (left > 0) return left
    await setLifecycle(cluster, revision, lifecycle === 'Draft' ? 'Proposed' : 'Published')
    return undefined
  }

  async function othersOf({ metadata, spec }: KubernetesObject): Promise<boolean> {
    const all = await cluster.list(PACKAGE_REVISION, { namespace: metadata.namespace })
    return all.some(
      (other) =>
        other.metadata.name !== metadata.name &&
        other.spec?.packageName === spec?.packageName &&
        other.spec?.repository === spec?.repository &&
        ['Published', 'DeletionProposed'].includes(stringAt(other, 'spec', 'lifecycle') ?? ''),
    )
  }
}
