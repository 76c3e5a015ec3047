import type { KindRef, KubernetesObject } from '../clusters/cluster.ts'
import { groupOf, stringAt } from '../clusters/fields.ts'

/** Kinds of Kubernetes itself that live in no namespace, by API group. */
const CLUSTER_SCOPED: Record<string, string[]> = {
  '': ['ComponentStatus', 'Namespace', 'Node', 'PersistentVolume'],
  'admissionregistration.k8s.io': [
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
  ],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
  'apiregistration.k8s.io': ['APIService'],
  'certificates.k8s.io': ['CertificateSigningRequest', 'ClusterTrustBundle'],
  'flowcontrol.apiserver.k8s.io': ['FlowSchema', 'PriorityLevelConfiguration'],
  'networking.k8s.io': ['IPAddress', 'IngressClass', 'ServiceCIDR'],
  'node.k8s.io': ['RuntimeClass'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding'],
  'resource.k8s.io': ['DeviceClass', 'ResourceSlice'],
  'scheduling.k8s.io': ['PriorityClass'],
  'storage.k8s.io': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
}

/**
 * Which objects of a package live in no namespace, as far as the package can tell: kinds of Kubernetes, and those that it defines itself. Of any other
 * kind the O-Cloud alone knows; they count as namespaced here, and the driver asks it.
 */
export function clusterScopedKinds(objects: readonly KubernetesObject[]): (ref: KindRef) => boolean {
  const defined = new Set(
    objects
      .filter((object) => object.kind === 'CustomResourceDefinition' && stringAt(object.spec, 'scope') === 'Cluster')
      .map((definition) => `${stringAt(definition.spec, 'group')}/${stringAt(definition.spec, 'names', 'kind')}`),
  )
  return ({ apiVersion, kind }) => {
    const group = groupOf(apiVersion)
    return CLUSTER_SCOPED[group]?.includes(kind) === true || defined.has(`${group}/${kind}`)
  }
}
