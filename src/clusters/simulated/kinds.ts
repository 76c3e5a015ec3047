import type { KindRef } from '../cluster.ts'
import { groupOf, isObject, listAt, stringAt } from '../fields.ts'

/** What a simulated API server knows of one kind. */
export interface KnownKind {
  group: string
  kind: string
  plural: string
  scope: 'Namespaced' | 'Cluster'
  /** Versions that are served. */
  versions: string[]
  /** `status` is written through its subresource only. */
  statusSubresource: boolean
  /** metadata.generation counts the changes outside of metadata and status. */
  counted: boolean
  /** Name of the CustomResourceDefinition that made the kind; absent on built-in ones. */
  definedBy?: string
}

interface Row {
  version: string
  /** kinds that live in namespaces; a star marks those with a status, a plus those with a generation. */
  namespaced?: string
  cluster?: string
}

const TABLE: Record<string, Row> = {
  '': {
    version: 'v1',
    namespaced:
      'Pod* Service* ConfigMap Secret ServiceAccount PersistentVolumeClaim* ResourceQuota* LimitRange Event Endpoints ReplicationController*+',
    cluster: 'Namespace* Node* PersistentVolume*',
  },
  apps: { version: 'v1', namespaced: 'Deployment*+ StatefulSet*+ DaemonSet*+ ReplicaSet*+ ControllerRevision' },
  batch: { version: 'v1', namespaced: 'Job*+ CronJob*+' },
  autoscaling: { version: 'v2', namespaced: 'HorizontalPodAutoscaler*' },
  policy: { version: 'v1', namespaced: 'PodDisruptionBudget*+' },
  'networking.k8s.io': { version: 'v1', namespaced: 'NetworkPolicy+ Ingress*+', cluster: 'IngressClass+' },
  'rbac.authorization.k8s.io': {
    version: 'v1',
    namespaced: 'Role RoleBinding',
    cluster: 'ClusterRole ClusterRoleBinding',
  },
  'storage.k8s.io': { version: 'v1', cluster: 'StorageClass' },
  'scheduling.k8s.io': { version: 'v1', cluster: 'PriorityClass' },
  'coordination.k8s.io': { version: 'v1', namespaced: 'Lease' },
  'events.k8s.io': { version: 'v1', namespaced: 'Event' },
  'apiextensions.k8s.io': { version: 'v1', cluster: 'CustomResourceDefinition*+' },
  'kpt.dev': { version: 'v1alpha1', namespaced: 'ResourceGroup*+' },
}

const IRREGULAR: Record<string, string> = {
  Endpoints: 'endpoints',
  NetworkPolicy: 'networkpolicies',
  Ingress: 'ingresses',
  IngressClass: 'ingressclasses',
  StorageClass: 'storageclasses',
  PriorityClass: 'priorityclasses',
}

function rows(): KnownKind[] {
  const kinds: KnownKind[] = []
  for (const [group, row] of Object.entries(TABLE)) {
    for (const scope of ['Namespaced', 'Cluster'] as const) {
      const words = (scope === 'Namespaced' ? row.namespaced : row.cluster) ?? ''
      for (const word of words.split(' ').filter((part) => part !== '')) {
        const kind = word.replace(/[*+]/g, '')
        kinds.push({
          group,
          kind,
          plural: IRREGULAR[kind] ?? `${kind.toLowerCase()}s`,
          scope,
          versions: [row.version],
          statusSubresource: word.includes('*'),
          counted: word.includes('+'),
        })
      }
    }
  }
  return kinds
}

const BUILT_IN = new Map(rows().map((known) => [kindKey(known.group, known.kind), known]))

/** The name of a kind without its version, as it stands in our store: `apps/Deployment`, `/Pod`. */
export function kindKey(group: string, kind: string): string {
  return `${group}/${kind}`
}

/** The kind key of an apiVersion and kind. */
export function keyOfRef(ref: KindRef): string {
  return kindKey(groupOf(ref.apiVersion), ref.kind)
}

export function builtInKind(ref: KindRef): KnownKind | undefined {
  return BUILT_IN.get(keyOfRef(ref))
}

export function builtInByKey(key: string): KnownKind | undefined {
  return BUILT_IN.get(key)
}

export function servesVersion(known: KnownKind, ref: KindRef): boolean {
  return known.versions.includes(ref.apiVersion.slice(ref.apiVersion.indexOf('/') + 1))
}

/** The kind that a CustomResourceDefinition makes; undefined when the definition is incomplete. */
export function kindOfDefinition(definition: unknown): KnownKind | undefined {
  const group = stringAt(definition, 'spec', 'group')
  const kind = stringAt(definition, 'spec', 'names', 'kind')
  const plural = stringAt(definition, 'spec', 'names', 'plural')
  const scope = stringAt(definition, 'spec', 'scope')
  const served = listAt(definition, 'spec', 'versions').filter(
    (version) => isObject(version) && version.served === true,
  )
  if (group === undefined || kind === undefined || plural === undefined || served.length === 0) return undefined
  if (scope !== 'Namespaced' && scope !== 'Cluster') return undefined
  return {
    group,
    kind,
    plural,
    scope,
    versions: served.flatMap((version) => stringAt(version, 'name') ?? []),
    statusSubresource: served.some(
      (version) => isObject(version) && isObject(version.subresources) && isObject(version.subresources.status),
    ),
    counted: true,
    definedBy: stringAt(definition, 'metadata', 'name'),
  }
}
