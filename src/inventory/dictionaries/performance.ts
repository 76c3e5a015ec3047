import { uuidOfName } from '../../uuid-of-name.ts'
import { isMeasured, type Kind, performanceDictionaryIdOf, typeIdOf } from '../projection/kinds.ts'
import type { PerformanceDictionary } from './schema.ts'

const DICTIONARY_VERSION = '1.0.0'
const SCHEMA_VERSION = '1.0.0'

interface Measurement {
  id: string
  description: string
  unit: string
}

/** What Kubernetes tells of every node, whoever made it. */
const MEASUREMENTS: Measurement[] = [
  { id: 'cpuUsage', description: 'Processor time that the node uses, mean over the interval.', unit: 'millicores' },
  {
    id: 'cpuAverageUtilization',
    description: 'Share of its processors that the node uses, mean over the interval.',
    unit: 'percent',
  },
  {
    id: 'memoryUsage',
    description: 'Memory of the working set of the node, at the end of the interval.',
    unit: 'bytes',
  },
  {
    id: 'memoryAverageUtilization',
    description: 'Share of its memory that the working set of the node takes, at the end of the interval.',
    unit: 'percent',
  },
]

/** The key of a measurement in every dictionary that has it. */
export function performanceMeasurementDefinitionIdOf(performanceMeasurementId: string): string {
  return uuidOfName('performance-measurement-definition', performanceMeasurementId)
}

/** What is measured on resources of that kind; undefined for kinds that nothing is measured on. */
export function performanceDictionaryOf(kind: Kind): PerformanceDictionary | undefined {
  if (!isMeasured(kind)) return undefined
  return {
    performanceDictionaryId: performanceDictionaryIdOf(typeIdOf(kind)),
    performanceDictionaryVersion: DICTIONARY_VERSION,
    performanceDictionarySchemaVersion: SCHEMA_VERSION,
    vendorSoftwareProduct: 'o2ims',
    supportedInterfaces: 'O2IMS',
    supportedMeasurements: MEASUREMENTS.map(({ id, description, unit }) => ({
      performanceMeasurementDefinitionId: performanceMeasurementDefinitionIdOf(id),
      performanceMeasurementId: id,
      standardReference: 'ETSI GS NFV-IFA 027 clause 5',
      supportedInterfaces: 'O2IMS',
      measurementDefinition: {
        measurementName: id,
        description,
        collectionMethod: 'GAUGE',
        trigger: 'the collection interval of the measurement job ends',
        measurementUnit: unit,
        measuredObjectType: 'Node',
      },
    })),
  }
}
