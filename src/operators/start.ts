import type { Logger } from 'pino'
import type { Cluster } from '../clusters/cluster.ts'
import { stringAt } from '../clusters/fields.ts'
import { runController } from './controller.ts'
import { createFocomReconcile } from './focom/reconcile.ts'
import type { OpenCluster } from './focom/remote-cluster.ts'
import {
  CAPI_CLUSTER,
  FOCOM_REQUEST,
  PACKAGE_REVISION,
  PACKAGE_VARIANT,
  PACKAGES_NAMESPACE,
  PROVISIONING_REQUEST,
} from './kinds.ts'
import { startO2imsOperator } from './o2ims/start.ts'
import { applyCapiCluster, createCapiClusterReconcile } from './porch/capi-clusters.ts'
import { createPackageVariantReconcile } from './porch/package-variants.ts'
import { createRevisionReconcile } from './porch/revisions.ts'
import type { OperatorsProfile } from './profile.ts'
import { followServedKinds } from './served-kinds.ts'

export const FOCOM_MANAGER = 'focom-operator'

export interface OperatorParts {
  /** The cluster on which the operators run, seen by one that writes under that field manager. */
  open(fieldManager: string): Cluster
  /** The cluster to which a kubeconfig in an OCloud's Secret leads; what it writes there it writes as FOCOM_MANAGER. */
  openRemote: OpenCluster
  profile: OperatorsProfile
  signal: AbortSignal
  log: Logger
}

/**
 * Plays Nephio's operators on one cluster until the signal aborts: FoCoM, the o2ims-operator, and what that one builds upon. Each acts as long as the cluster
 * serves the kind that it is about; everything it knows comes from the cluster, so that it may die at any time.
 */
export function startOperators({ open, openRemote, profile, signal, log }: OperatorParts): void {
  const { focom, o2ims, porch, annotations } = profile
  const { whileServed } = followServedKinds({ cluster: open('operators'), signal, log })

  if (focom !== undefined) {
    const cluster = open(FOCOM_MANAGER)
    const reconcile = createFocomReconcile({ cluster, openRemote, profile: focom, annotations, log })
    whileServed(FOCOM_REQUEST, (served) => {
      runController({ cluster, kind: FOCOM_REQUEST, reconcile, signal: served, log })
    })
  }
  if (o2ims !== undefined) {
    const cluster = open('o2ims-operator')
    whileServed(PROVISIONING_REQUEST, (served) => {
      startO2imsOperator({ cluster, profile: o2ims, annotations, signal: served, log })
    })
  }
  if (porch !== undefined) playPorch(porch.stepMs)

  function playPorch(stepMs: number): void {
    const cluster = open('porch')
    // A manager of its own: what applies an object and what holds it by a finalizer are two.
    const capi = open('cluster-api')
    const reconcileVariant = createPackageVariantReconcile(cluster, stepMs)
    const reconcileCluster = createCapiClusterReconcile(capi, stepMs)
    const published = (revision: Parameters<typeof applyCapiCluster>[1]) => applyCapiCluster(cluster, revision)
    const reconcileRevision = createRevisionReconcile({ cluster, stepMs, published })
    let lookAtCluster: (name: string) => void = () => undefined

    whileServed(PACKAGE_VARIANT, (served) => {
      runController({ cluster, kind: PACKAGE_VARIANT, reconcile: reconcileVariant, signal: served, log })
    })
    whileServed(PACKAGE_REVISION, (served) => {
      runController({
        cluster,
        kind: PACKAGE_REVISION,
        reconcile: reconcileRevision,
        onGone: (revision) => lookAtCluster(stringAt(revision, 'spec', 'packageName') ?? ''),
        signal: served,
        log,
      })
    })
    whileServed(CAPI_CLUSTER, (served) => {
      const controller = runController({
        cluster: capi,
        kind: CAPI_CLUSTER,
        reconcile: reconcileCluster,
        signal: served,
        log,
      })
      lookAtCluster = (name) => controller.add(`${PACKAGES_NAMESPACE}/${name}`)
    })
  }
}
