import type { Reading } from '../store/reading.ts'
import type { Page, Versioned } from '../store/store.ts'
import type { Cluster, OCloudStatus } from './cluster.ts'
import type { OCloudEndpoint } from './endpoint-schema.ts'
import type { OCloudLocation, OCloudRegistrationSite } from './place-schema.ts'

/** A registered O-Cloud as it is answered; the kubeconfig stands beside it, encrypted, and never comes back. */
export interface OCloud {
  oCloudId: string
  name: string
  description?: string
  location?: OCloudLocation
  site?: OCloudRegistrationSite
  labels: Record<string, string>
  endpoints?: OCloudEndpoint[]
  /** Standard and version, as its operator says. */
  compliance?: Record<string, string>
  simulated: boolean
  /** A request of ours made this cluster. */
  managed: boolean
  /** The step that made it; present when managed. */
  madeBy?: { provisioningRequestId: string; reference: string; step: string }
  createdAt: string
}

/** POST and PUT body: exactly one of kubeconfig and simulated: true on POST. */
export interface OCloudInput {
  name: string
  description?: string
  location?: OCloudLocation
  site?: OCloudRegistrationSite
  labels?: Record<string, string>
  endpoints?: OCloudEndpoint[]
  compliance?: Record<string, string>
  kubeconfig?: string
  simulated?: boolean
}

/** Rejections are ServiceErrors: NOT_FOUND, ALREADY_EXISTS (name), IN_USE, INVALID_KUBECONFIG, IMMUTABLE, PRECONDITION_FAILED, FORBIDDEN, UNAVAILABLE. */
export interface OCloudRegistry {
  create(input: OCloudInput): Promise<Versioned<OCloud>>
  get(oCloudId: string): Promise<Versioned<OCloud>>
  list(options: { after?: number; limit: number }): Promise<Page<OCloud>>
  /** `expected` is the `n` of If-Match. */
  replace(oCloudId: string, input: OCloudInput, expected?: number): Promise<Versioned<OCloud>>
  remove(oCloudId: string, expected?: number): Promise<void>
  /** Id or name to id; read anew without `reading`. */
  resolve(idOrName: string, reading?: Reading): Promise<string | undefined>
  /** NOT_FOUND when it is not there. */
  isSimulated(oCloudId: string, reading: Reading): Promise<boolean>
  /** Asked of the cluster with a time limit, cached some seconds. Never rejects because the cluster is away. */
  status(oCloudId: string): Promise<OCloudStatus>
  /** The open connection, cached; made anew after the kubeconfig changed. */
  open(oCloudId: string): Promise<Cluster>
  /** Managed ones only, else FORBIDDEN. The caller writes the audit line. */
  kubeconfig(oCloudId: string): Promise<string>
  /** The kubeconfig of any real one, for the tools that a worker runs, or for a Secret on another cluster (FORBIDDEN for the service's own cluster); never for an answer. */
  credentials(oCloudId: string, use: 'tool' | 'hand out'): Promise<string>
  /** Registers the cluster that this service runs in, where the settings say so. Once, however often it is called. */
  registerOwn(): Promise<void>
  /** Registers a cluster that a step made; called again for the same reference and step it answers the same id and keeps the newer kubeconfig. */
  registerManaged(cluster: {
    name: string
    kubeconfig?: string
    madeBy: { provisioningRequestId: string; reference: string; step: string }
  }): Promise<string>
  /** Removes a managed registration; fine when it is gone; IN_USE when other requests name it. */
  unregister(oCloudId: string): Promise<void>
  close(): Promise<void>
}
