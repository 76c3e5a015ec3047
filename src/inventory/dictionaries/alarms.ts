import { uuidOfName } from '../../uuid-of-name.ts'
import { alarmDictionaryIdOf, type Category, type Kind, typeIdOf } from '../projection/kinds.ts'
import {
  CLUSTER_CAUSES,
  CPU_CAUSES,
  MEMORY_CAUSES,
  NETWORK_CAUSES,
  NIC_CAUSES,
  NODE_CAUSES,
  STORAGE_CAUSES,
  type StandardCause,
} from './probable-causes.ts'
import type { AlarmDefinition, AlarmDictionary, ProbableCause } from './schema.ts'

const DICTIONARY_VERSION = '1.0.0'
/** The specification has no value for it yet. */
const SCHEMA_VERSION = '1.0.0'

/** The standard's objects (O2IMS 4.2). A device of a node is told of as its node: alarms of other objects are not standardised. */
const OBJECTS = {
  CLUSTER: 'cluster',
  CLUSTERNODE: 'node',
  CLUSTERNETWORK: 'network between the nodes of the cluster',
} as const

type StandardObject = keyof typeof OBJECTS

const SEVERITIES = {
  WARNING: {
    means: 'may come to affect its services; it works',
    repair: 'Look into the cause before it affects services.',
  },
  MINOR: { means: 'has a fault that affects no service', repair: 'Repair it at the next maintenance.' },
  MAJOR: {
    means: 'has a fault that affects services; it still works',
    repair: 'Repair it soon; move what must not fail.',
  },
  CRITICAL: {
    means: 'has a fault that affects services and does not fully work',
    repair: 'Repair it at once; move its workloads to others.',
  },
} as const

interface Alarms {
  objects: readonly StandardObject[]
  causes: readonly StandardCause[]
}

const ALARMS: Record<Category, Alarms> = {
  cluster: { objects: ['CLUSTER', 'CLUSTERNETWORK'], causes: [...CLUSTER_CAUSES, ...NETWORK_CAUSES] },
  node: {
    objects: ['CLUSTERNODE'],
    causes: [...NODE_CAUSES, ...CPU_CAUSES, ...MEMORY_CAUSES, ...NIC_CAUSES, ...STORAGE_CAUSES],
  },
  cpu: { objects: ['CLUSTERNODE'], causes: CPU_CAUSES },
  memory: { objects: ['CLUSTERNODE'], causes: MEMORY_CAUSES },
  storage: { objects: ['CLUSTERNODE'], causes: STORAGE_CAUSES },
  network: { objects: ['CLUSTERNODE'], causes: NIC_CAUSES },
  accelerator: { objects: ['CLUSTERNODE'], causes: NODE_CAUSES.filter(({ code }) => code.startsWith('INFRA_')) },
}

/** The key of a standard alarm in every dictionary that has it: UUID, as AlarmDefinition wants it. The standard's own id, a name such as CLUSTERNODE_MAJOR, is `alarmName`. */
export function alarmDefinitionIdOf(alarmName: string): string {
  return uuidOfName('alarm-definition', alarmName)
}

/** The alarms that resources of that kind can have, and every probable cause that such an alarm names. */
export function alarmDictionaryOf(kind: Kind): AlarmDictionary {
  const { objects, causes } = ALARMS[kind.category]
  return {
    alarmDictionaryId: alarmDictionaryIdOf(typeIdOf(kind)),
    alarmDictionaryVersion: DICTIONARY_VERSION,
    alarmDictionarySchemaVersion: SCHEMA_VERSION,
    entityType: `${kind.model}/${kind.version}`,
    vendor: kind.vendor,
    managementInterfaceId: ['O2IMS'],
    pkNotificationField: ['alarmDefinitionId'],
    alarmDefinition: objects.flatMap(definitionsOf),
    probableCauses: causes.map(probableCauseOf),
  }
}

function definitionsOf(object: StandardObject): AlarmDefinition[] {
  return Object.entries(SEVERITIES).map(([severity, { means, repair }]) => {
    const alarmName = `${object}_${severity}`
    return {
      alarmDefinitionId: alarmDefinitionIdOf(alarmName),
      alarmName,
      alarmLastChange: DICTIONARY_VERSION,
      alarmChangeType: 'added',
      alarmDescription: `The ${OBJECTS[object]}, or something that it rests on, ${means}.`,
      proposedRepairActions: repair,
      clearingType: 'automatic',
      managementInterfaceId: ['O2IMS'],
      pkNotificationField: ['alarmDefinitionId'],
    }
  })
}

function probableCauseOf({ code, eventType, description }: StandardCause): ProbableCause {
  return {
    probableCauseCode: code,
    probableCauseDescription: `${description} (${eventType}).`,
    standardReference: {
      standardDefinitionOrganization: 'O-RAN ALLIANCE',
      standardSpecification: 'O-RAN.WG6.TS.O2IMS-INTERFACE',
      versionOrRelease: 'R004-v10.00',
    },
  }
}
