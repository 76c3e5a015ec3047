import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import type { Inventory, PackageOptions } from '../../../src/packages/package-port.ts'
import { createPackageRenderer } from '../../../src/packages/render.ts'

/** Reads a package of the samples. */
export const renderSample = createPackageRenderer({
  packageRoot: fileURLToPath(new URL('../../../samples/packages', import.meta.url)),
})

/** A namespace, an inventory and a run of its own. */
export async function inPlace(
  cluster: Cluster,
): Promise<{ namespace: string; inventory: Inventory; options: PackageOptions }> {
  const reference = randomUUID()
  const namespace = `ns-${reference.slice(0, 8)}`
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const inventory = { id: `o2ims-${reference}-workload`, name: `o2ims-${reference}-workload`, namespace }
  return { namespace, inventory, options: { run: { reference, step: 'workload' }, reconcileTimeoutSeconds: 20 } }
}

export const configMap = (
  namespace: string,
  name: string,
  data: Record<string, string> = { a: 'b' },
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
})

/** A Deployment of one pod. */
export const workload = (
  namespace: string,
  name: string,
  requests: Record<string, string> = {},
  podSpec: Record<string, string> = {},
): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { ...podSpec, containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10', resources: { requests } }] },
    },
  },
})

/** The resourceVersion of each; undefined for what is not there. */
export async function versionsOf(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
): Promise<(string | undefined)[]> {
  const live = objects.map(({ apiVersion, kind, metadata: { name, namespace } }) =>
    cluster.get({ apiVersion, kind, namespace, name }),
  )
  return (await Promise.all(live)).map((object) => object?.metadata.resourceVersion)
}
