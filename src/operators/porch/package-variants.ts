import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { isObject, stringAt } from '../../clusters/fields.ts'
import { writeStatus } from '../../clusters/simulated/controllers/write-status.ts'
import type { JsonObject } from '../../json.ts'
import { behaviourOf } from '../behaviour.ts'
import { hasFinalizer, setFinalizer } from '../finalizer.ts'
import { createDue } from './due.ts'
import { draftOf, MADE_BY, ofVariant, setLifecycle } from './revisions.ts'

const FINALIZER = 'config.porch.kpt.dev/packagevariants'
/** How many steps Porch's first, failing try takes. */
const ERROR_STEPS = 10

/** Porch's controller of PackageVariants: one PackageRevision for each, and the two conditions that it writes. */
export function createPackageVariantReconcile(cluster: Cluster, stepMs: number) {
  const errs = createDue()
  const recovered = new Set<string>()

  return async function reconcile(variant: KubernetesObject): Promise<number | undefined> {
    const uid = variant.metadata.uid ?? ''
    if (variant.metadata.deletionTimestamp !== undefined) {
      errs.forget(uid)
      recovered.delete(uid)
      return await release(cluster, variant)
    }
    if (!hasFinalizer(variant, FINALIZER)) {
      await setFinalizer(cluster, variant, FINALIZER)
      return 0
    }
    if (behaviourOf(variant).behaviour === 'render-error' && !recovered.has(uid)) {
      const left = errs.left(uid, ERROR_STEPS * stepMs)
      if (left === 0) recovered.add(uid)
      else {
        await tell(cluster, variant, NOT_STALLED, notReady('the package cannot be rendered yet (simulated)'))
        return left
      }
    }
    if (stringAt(variant, 'spec', 'downstream', 'package') === undefined) {
      const stalled = condition('Stalled', 'True', 'ValidationError', 'missing required field spec.downstream.package')
      await tell(cluster, variant, stalled, notReady('invalid packagevariant object'))
      return undefined
    }
    const standing = await ofVariant(cluster, variant)
    const draft = draftOf(variant)
    if (standing.length === 0) await cluster.apply(draft, { expect: 'absent' })
    const names = (standing.length === 0 ? [draft] : standing).map(({ metadata }) => metadata.name)
    await tell(cluster, variant, NOT_STALLED, READY, names)
    return undefined
  }
}

/** Drafts go with it; what is published is only proposed for deletion, and nobody's any more. */
async function release(cluster: Cluster, variant: KubernetesObject): Promise<undefined> {
  if (!hasFinalizer(variant, FINALIZER)) return
  for (const revision of await ofVariant(cluster, variant)) {
    const { apiVersion, kind, metadata } = revision
    const { name, namespace, uid } = metadata
    const lifecycle = stringAt(revision, 'spec', 'lifecycle')
    if (lifecycle === 'Published') await setLifecycle(cluster, revision, 'DeletionProposed', { [MADE_BY]: '' })
    else if (lifecycle !== 'DeletionProposed') await cluster.delete({ apiVersion, kind, namespace, name }, { uid })
  }
  await setFinalizer(cluster, variant, undefined)
}

function condition(type: string, status: string, reason: string, message: string): JsonObject {
  return { type, status, reason, message }
}

const NOT_STALLED = condition('Stalled', 'False', 'Valid', 'all validation checks passed')
const READY = condition('Ready', 'True', 'NoErrors', 'successfully ensured downstream package variant')
const notReady = (message: string) => condition('Ready', 'False', 'Error', message)

async function tell(
  cluster: Cluster,
  variant: KubernetesObject,
  stalled: JsonObject,
  ready: JsonObject,
  targets: string[] = [],
): Promise<void> {
  const now = new Date().toISOString()
  await writeStatus(cluster, variant, ({ status }): JsonObject => {
    const before = Array.isArray(status?.conditions) ? status.conditions : []
    const dated = [stalled, ready].map((next): JsonObject => {
      const old = before.find((one) => isObject(one) && one.type === next.type && one.status === next.status)
      return { ...next, lastTransitionTime: stringAt(old, 'lastTransitionTime') ?? now }
    })
    return { conditions: dated, downstreamTargets: targets.map((name) => ({ name })) }
  })
}
