import type { JsonObject } from '../../json.ts'
import { listAt, stringAt } from '../fields.ts'
import { isJsonObject } from './admission.ts'
import { type KnownKind, kindKey } from './kinds.ts'

/** Fills in what a real server fills in, as far as clients and controllers look at it. Nobody owns these fields. */
export function fillDefaults(object: JsonObject, known: KnownKind, at: string): void {
  const rule = RULES[kindKey(known.group, known.kind)]
  rule?.(object, at)
}

const RULES: Record<string, (object: JsonObject, at: string) => void> = {
  '/Namespace': (object) => {
    const metadata = child(object, 'metadata')
    const labels = child(metadata, 'labels')
    labels['kubernetes.io/metadata.name'] ??= metadata.name ?? ''
    child(object, 'spec').finalizers ??= ['kubernetes']
    child(object, 'status').phase ??= 'Active'
  },
  '/Pod': (object) => {
    child(object, 'status').phase ??= 'Pending'
    podSpec(child(object, 'spec'))
  },
  '/Secret': (object) => {
    object.type ??= 'Opaque'
  },
  '/Service': (object) => {
    const spec = child(object, 'spec')
    spec.type ??= 'ClusterIP'
    spec.sessionAffinity ??= 'None'
    if (spec.type !== 'ExternalName') spec.clusterIP ??= addressOf(object)
    for (const port of objects(spec, 'ports')) {
      port.protocol ??= 'TCP'
      port.targetPort ??= port.port ?? null
    }
    child(child(object, 'status'), 'loadBalancer')
  },
  '/PersistentVolumeClaim': (object) => {
    child(object, 'spec').volumeMode ??= 'Filesystem'
    child(object, 'status').phase ??= 'Pending'
  },
  'apps/Deployment': (object) => {
    const spec = workload(object)
    spec.progressDeadlineSeconds ??= 600
    const strategy = child(spec, 'strategy')
    strategy.type ??= 'RollingUpdate'
    if (strategy.type === 'RollingUpdate') strategy.rollingUpdate ??= { maxSurge: '25%', maxUnavailable: '25%' }
  },
  'apps/ReplicaSet': (object) => void workload(object),
  'apps/StatefulSet': (object) => {
    workload(object).updateStrategy ??= { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }
  },
  'apps/DaemonSet': (object) => {
    podSpec(child(child(child(object, 'spec'), 'template'), 'spec'))
  },
  'batch/Job': (object) => {
    const spec = child(object, 'spec')
    spec.parallelism ??= 1
    spec.completions ??= 1
    spec.backoffLimit ??= 6
  },
  'apiextensions.k8s.io/CustomResourceDefinition': (object, at) => {
    const spec = child(object, 'spec')
    const names = child(spec, 'names')
    if (typeof names.kind === 'string') {
      names.singular ??= names.kind.toLowerCase()
      names.listKind ??= `${names.kind}List`
    }
    const status = child(object, 'status')
    status.acceptedNames = structuredClone(names)
    status.conditions ??= [
      {
        type: 'NamesAccepted',
        status: 'True',
        lastTransitionTime: at,
        reason: 'NoConflicts',
        message: 'no conflicts found',
      },
      {
        type: 'Established',
        status: 'True',
        lastTransitionTime: at,
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    ]
    status.storedVersions ??= listAt(spec, 'versions').flatMap((version) => stringAt(version, 'name') ?? [])
  },
}

function workload(object: JsonObject): JsonObject {
  const spec = child(object, 'spec')
  spec.replicas ??= 1
  podSpec(child(child(spec, 'template'), 'spec'))
  return spec
}

function podSpec(spec: JsonObject): void {
  spec.restartPolicy ??= 'Always'
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.terminationGracePeriodSeconds ??= 30
  spec.schedulerName ??= 'default-scheduler'
  for (const container of [...objects(spec, 'containers'), ...objects(spec, 'initContainers')]) {
    for (const port of objects(container, 'ports')) port.protocol ??= 'TCP'
  }
}

/** An address of the service network that stays the same for the same name. */
function addressOf(object: JsonObject): string {
  const text = `${stringAt(object, 'metadata', 'namespace')}/${stringAt(object, 'metadata', 'name')}`
  let sum = 0
  for (const letter of text) sum = (sum * 31 + letter.charCodeAt(0)) % 65_024
  return `10.96.${Math.floor(sum / 254)}.${1 + (sum % 254)}`
}

function child(object: JsonObject, key: string): JsonObject {
  const found = object[key]
  if (isJsonObject(found)) return found
  const made: JsonObject = {}
  object[key] = made
  return made
}

function objects(object: JsonObject, key: string): JsonObject[] {
  const list = object[key]
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}
