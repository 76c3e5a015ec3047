import type { OCloud } from '../../clusters/registry-types.ts'
import type { DeploymentManagerInfo } from '../schema.ts'
import type { NodeView } from './node.ts'
import type { Place } from './places.ts'

/** What a deployment manager can do, as its server and nodes say. */
export function capabilitiesOf(
  nodes: Iterable<NodeView>,
  kubernetesVersion: string | undefined,
): Record<string, unknown> {
  const views = [...nodes]
  const all = (read: (view: NodeView) => string[]): string[] => [...new Set(views.flatMap(read))].sort()
  const ofNodes = (field: string) => all(({ nodeInfo: { [field]: text } }) => (text ? [text] : []))
  return {
    ...(kubernetesVersion !== undefined && { kubernetesVersion }),
    architectures: ofNodes('architecture'),
    operatingSystems: ofNodes('operatingSystem'),
    containerRuntimes: ofNodes('containerRuntimeVersion'),
    extendedResources: all(({ capacity }) => Object.keys(capacity).filter((resource) => resource.includes('/'))),
  }
}

export interface DeploymentManagerParts {
  /** Of the service as a whole. */
  oCloudId: string
  /** Where its API server listens. */
  serviceUri: string
  place: Place
  capabilities: Record<string, unknown> | undefined
  capacity: Record<string, unknown> | undefined
  mark: Record<string, unknown>
}

/** A registered O-Cloud as the deployment manager that it is; no credential is anywhere near it. */
export function deploymentManagerOf(registration: OCloud, parts: DeploymentManagerParts): DeploymentManagerInfo {
  const { name, description, labels, simulated, managed, madeBy, endpoints, compliance } = registration
  const { oCloudId, serviceUri, place, capabilities, capacity, mark } = parts
  return {
    deploymentManagerId: registration.oCloudId,
    name,
    description: description || `Kubernetes cluster ${name}`,
    oCloudId,
    serviceUri,
    supportedLocations: place.supportedLocations,
    ...(capabilities && { capabilities }),
    ...(capacity && { capacity }),
    extensions: {
      simulated,
      managed,
      ...(madeBy && { provisioningRequestId: madeBy.provisioningRequestId }),
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(endpoints && { endpoints }),
      ...(compliance && { compliance }),
      ...mark,
    },
  }
}
