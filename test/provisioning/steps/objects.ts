import type { KubernetesObject, ObjectRef } from '../../../src/clusters/cluster.ts'

export const namespaceObject = (name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
})

export const configMap = (namespace: string, name: string, data: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
})

/** A Deployment of pods that end at once. */
export function deployment(
  namespace: string,
  name: string,
  { replicas = 1, cpu = '10m' }: { replicas?: number; cpu?: string } = {},
): KubernetesObject {
  const labels = { app: name }
  const container = { name: 'main', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu } } }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
    },
  }
}

export const inNamespace = (apiVersion: string, kind: string, namespace: string, name: string): ObjectRef => ({
  apiVersion,
  kind,
  namespace,
  name,
})
