import { readKubeconfig } from '../clusters/kubernetes/kubeconfig.ts'
import type { OCloudInput } from '../clusters/registry-types.ts'

/** @throws ServiceError INVALID_KUBECONFIG when it cannot be used; its content is never repeated */
export function kubeconfigFaults({ kubeconfig }: OCloudInput): void {
  if (kubeconfig !== undefined) readKubeconfig(kubeconfig)
}
