import type { KindRef, KubernetesObject } from '../clusters/cluster.ts'
import { numberAt, stringAt } from '../clusters/fields.ts'
import type { ProvisioningPhase } from './record.ts'

export const DIALECTS = ['nephio', 'openshift'] as const

export type DialectName = (typeof DIALECTS)[number]

/** What an operator says about a request. */
export interface OperatorSays {
  phase: ProvisioningPhase
  /** Its own words, or ours where it has none. */
  message: string
}

/** How the operator of an O-Cloud is talked to: the kind of its requests, and how their status is read. */
export interface Dialect {
  /** The operator, for messages. */
  operator: string
  /** Cluster-scoped. */
  kind: KindRef
  /** What the definition of the kind is called. */
  definition: string
  /** True: the operator takes up a changed spec. False: a request is looked at once, and a changed one has to be made anew. */
  followsChanges: boolean
  /** Its requests have to be called by a UUID. */
  nameIsUuid: boolean
  /** It refuses template parameters without clusterName. */
  needsClusterName: boolean
  says(request: KubernetesObject): OperatorSays
}

/** What an operator that writes nothing is told as: the old o2ims-operator does so for ever when Porch refuses it. */
export const NO_STATUS = 'wrote no status'

/** The states that both dialects and FoCoM write, in whatever case. */
const PHASES: ReadonlyMap<string, ProvisioningPhase> = new Map([
  ['pending', 'PENDING'],
  ['provisioning', 'PROGRESSING'],
  ['progressing', 'PROGRESSING'],
  ['fulfilled', 'FULFILLED'],
  ['failed', 'FAILED'],
  ['deleting', 'DELETING'],
])

/** The phase behind a word of an operator. A word that nobody knows says that something goes on. */
export function phaseOf(word: string | undefined): ProvisioningPhase {
  if (word === undefined || word === '') return 'PENDING'
  return PHASES.get(word.toLowerCase()) ?? 'PROGRESSING'
}

export const DIALECT_TABLE: Readonly<Record<DialectName, Dialect>> = {
  nephio: {
    operator: 'the o2ims-operator',
    kind: { apiVersion: 'o2ims.provisioning.oran.org/v1alpha1', kind: 'ProvisioningRequest' },
    definition: 'provisioningrequests.o2ims.provisioning.oran.org',
    followsChanges: false,
    nameIsUuid: false,
    needsClusterName: true,
    says: (request) =>
      read(request, 'the o2ims-operator', { state: 'provisioningState', message: 'provisioningMessage' }),
  },
  openshift: {
    operator: 'the O-Cloud Manager',
    kind: { apiVersion: 'clcm.openshift.io/v1alpha1', kind: 'ProvisioningRequest' },
    definition: 'provisioningrequests.clcm.openshift.io',
    followsChanges: true,
    nameIsUuid: true,
    needsClusterName: false,
    says: (request) =>
      read(request, 'the O-Cloud Manager', { state: 'provisioningPhase', message: 'provisioningDetails' }),
  },
}

function read(request: KubernetesObject, operator: string, fields: { state: string; message: string }): OperatorSays {
  const word = stringAt(request, 'status', 'provisioningStatus', fields.state)
  const said = stringAt(request, 'status', 'provisioningStatus', fields.message) ?? ''
  if (request.metadata.deletionTimestamp !== undefined)
    return { phase: 'DELETING', message: said || 'is being deleted' }
  if (word === undefined) return { phase: 'PENDING', message: `${operator} ${NO_STATUS}` }
  const observed = numberAt(request, 'status', 'observedGeneration')
  if (observed !== undefined && observed < (request.metadata.generation ?? 0))
    return { phase: 'PENDING', message: `${operator} has not looked at the change yet` }
  return { phase: phaseOf(word), message: said || `${operator} says ${word}` }
}
