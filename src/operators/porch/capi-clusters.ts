import { randomUUID } from 'node:crypto'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { writeStatus } from '../../clusters/simulated/controllers/write-status.ts'
import type { JsonObject } from '../../json.ts'
import { hasFinalizer, setFinalizer } from '../finalizer.ts'
import { CAPI_CLUSTER, PACKAGE_REVISION, PACKAGES_NAMESPACE } from '../kinds.ts'
import { createDue } from './due.ts'

const FINALIZER = 'cluster.cluster.x-k8s.io'
/** The package revision from which Config Sync applied it. */
const FROM = 'internal.o2ims.simulated/package-revision'

/** The Cluster that the package of a request holds. */
export async function applyCapiCluster(cluster: Cluster, revision: KubernetesObject): Promise<void> {
  const name = stringAt(revision, 'spec', 'packageName') ?? ''
  const namespace = PACKAGES_NAMESPACE
  if ((await cluster.scope(CAPI_CLUSTER)) === undefined) return
  if ((await cluster.get({ ...CAPI_CLUSTER, namespace, name })) !== undefined) return
  const infrastructureRef = {
    apiVersion: 'infrastructure.cluster.x-k8s.io/v1beta1',
    kind: 'DockerCluster',
    name,
    namespace,
    uid: randomUUID(),
  }
  const annotations = { [FROM]: revision.metadata.name }
  await cluster.apply(
    { ...CAPI_CLUSTER, metadata: { name, namespace, annotations }, spec: { infrastructureRef } },
    { expect: 'absent' },
  )
}

/** Cluster API for one Cluster: its phases, and its end when the package revision that it came from is gone (Config Sync prunes). */
export function createCapiClusterReconcile(cluster: Cluster, stepMs: number) {
  const phases = createDue()

  return async function reconcile(object: KubernetesObject): Promise<number | undefined> {
    const { name, namespace, uid = '', deletionTimestamp } = object.metadata
    if (deletionTimestamp !== undefined) {
      if (!hasFinalizer(object, FINALIZER)) return undefined
      await tell(object, 'Deleting')
      const left = phases.left(`Deleting ${uid}`, stepMs)
      if (left > 0) return left
      await setFinalizer(cluster, object, undefined)
      return undefined
    }
    if (await isPruned(object)) {
      await cluster.delete({ ...CAPI_CLUSTER, namespace, name }, { uid })
      return undefined
    }
    if (!hasFinalizer(object, FINALIZER)) {
      await setFinalizer(cluster, object, FINALIZER)
      return 0
    }
    const phase = stringAt(object, 'status', 'phase')
    if (phase === undefined) {
      await tell(object, 'Pending')
      return 0
    }
    const next = { Pending: 'Provisioning', Provisioning: 'Provisioned' }[phase]
    if (next === undefined) return undefined
    const left = phases.left(`${phase} ${uid}`, stepMs)
    if (left > 0) return left
    await tell(object, next)
    return 0
  }

  async function isPruned({ metadata }: KubernetesObject): Promise<boolean> {
    const from = metadata.annotations?.[FROM]
    if (from === undefined) return false
    return (await cluster.get({ ...PACKAGE_REVISION, namespace: PACKAGES_NAMESPACE, name: from })) === undefined
  }

  async function tell(object: KubernetesObject, phase: string): Promise<void> {
    const ready = phase === 'Provisioned'
    await writeStatus(
      cluster,
      object,
      ({ status }): JsonObject => ({ ...status, phase, controlPlaneReady: ready, infrastructureReady: ready }),
    )
  }
}
