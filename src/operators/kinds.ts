import type { KindRef } from '../clusters/cluster.ts'

// FoCoM's, on the SMO's cluster.
export const O_CLOUD: KindRef = { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'OCloud' }
export const TEMPLATE_INFO: KindRef = { apiVersion: 'provisioning.oran.org/v1alpha1', kind: 'TemplateInfo' }
export const FOCOM_REQUEST: KindRef = { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'FocomProvisioningRequest' }

/** The o2ims-operator's, on the O-Cloud's cluster; cluster-scoped. */
export const PROVISIONING_REQUEST: KindRef = {
  apiVersion: 'o2ims.provisioning.oran.org/v1alpha1',
  kind: 'ProvisioningRequest',
}

// What the o2ims-operator leaves behind, all in PACKAGES_NAMESPACE.
export const PACKAGE_VARIANT: KindRef = { apiVersion: 'config.porch.kpt.dev/v1alpha1', kind: 'PackageVariant' }
export const PACKAGE_REVISION: KindRef = { apiVersion: 'porch.kpt.dev/v1alpha1', kind: 'PackageRevision' }
export const CAPI_CLUSTER: KindRef = { apiVersion: 'cluster.x-k8s.io/v1beta1', kind: 'Cluster' }
export const PACKAGES_NAMESPACE = 'default'

export const SECRET: KindRef = { apiVersion: 'v1', kind: 'Secret' }
/** The key of an OCloud's Secret. */
export const KUBECONFIG_KEY = 'kubeconfig'
