import { z } from 'zod'

const MANAGEMENT_INTERFACES = ['O2IMS'] as const
const keyField = z.literal('alarmDefinitionId')
const managementInterfaces = z
  .array(z.enum(MANAGEMENT_INTERFACES))
  .meta({ description: 'O2IMS alone: these are dictionaries of the IMS.' })
const additionalFields = z.record(z.string(), z.unknown())

/** 3.2.6.2.9 */
const alarmDefinitionSchema = z
  .strictObject({
    alarmDefinitionId: z.string().meta({ format: 'uuid' }),
    alarmName: z.string().meta({ description: 'The standard name where clause 4.2 has one, e.g. CLUSTERNODE_MAJOR.' }),
    alarmLastChange: z.string().meta({ description: 'Version of the dictionary that changed it last.' }),
    alarmChangeType: z.enum(['added', 'deleted', 'modified']),
    alarmDescription: z.string(),
    proposedRepairActions: z.string(),
    clearingType: z.enum(['automatic', 'manual']),
    managementInterfaceId: managementInterfaces.optional(),
    pkNotificationField: z.array(keyField).optional(),
    alarmAdditionalFields: additionalFields.optional(),
  })
  .meta({ id: 'AlarmDefinition' })

/** 3.2.6.2.11 */
const standardReferenceSchema = z
  .strictObject({
    standardDefinitionOrganization: z.string(),
    standardSpecification: z.string(),
    versionOrRelease: z.string(),
  })
  .meta({ id: 'StandardReference' })

/** 3.2.6.2.10 */
const probableCauseSchema = z
  .strictObject({
    probableCauseCode: z.string(),
    probableCauseDescription: z.string(),
    standardReference: standardReferenceSchema.optional(),
  })
  .meta({ id: 'ProbableCause' })

/** 3.2.6.2.8 */
export const alarmDictionarySchema = z
  .strictObject({
    alarmDictionaryId: z.string(),
    alarmDictionaryVersion: z.string(),
    alarmDictionarySchemaVersion: z.string(),
    entityType: z.string().meta({ description: 'Model and version of the resource type.' }),
    vendor: z.string(),
    managementInterfaceId: managementInterfaces.min(1),
    pkNotificationField: z.array(keyField).min(1),
    alarmDefinition: z.array(alarmDefinitionSchema).min(1).meta({
      description: 'Left out of lists unless it is asked for (3.2.4.14.3.2).',
    }),
    probableCauses: z.array(probableCauseSchema).min(1),
  })
  .meta({ id: 'AlarmDictionary', description: 'The alarms of a resource type (3.2.6.2.8).' })

/** The template of ETSI GS NFV-IFA 027 clause 5. */
const etsiDefinitionSchema = z
  .strictObject({
    measurementName: z.string(),
    description: z.string(),
    collectionMethod: z.string(),
    trigger: z.string(),
    measurementUnit: z.string(),
    measuredObjectType: z.string(),
  })
  .meta({ id: 'ETSIPerformanceMeasurementDefinition', description: 'As ETSI GS NFV-IFA 027 clause 5 has it.' })

/** The template of 3GPP TS 32.404 clause 3.3. */
const threeGppDefinitionSchema = z
  .strictObject({
    measurementType: z.string(),
    description: z.string(),
    collectionMethod: z.string(),
    condition: z.string(),
    measurementResult: z.string(),
    measurementObjectClass: z.string(),
    switchingTechnology: z.string(),
    generation: z.string(),
    purpose: z.string().optional(),
  })
  .meta({ id: '3GPPPerformanceMeasurementDefinition', description: 'As 3GPP TS 32.404 clause 3.3 has it.' })

/** 3.2.6.2.13 */
const performanceMeasurementDefinitionSchema = z
  .strictObject({
    performanceMeasurementDefinitionId: z.string().meta({ format: 'uuid' }),
    performanceMeasurementId: z.string(),
    standardReference: z.string(),
    supportedInterfaces: z.string().optional(),
    measurementDefinition: z
      .union([etsiDefinitionSchema, threeGppDefinitionSchema])
      .meta({ description: 'Exactly one of the two forms; this service writes the one of ETSI.' }),
    extensions: additionalFields.optional(),
  })
  .meta({ id: 'PerformanceMeasurementDefinition' })

/** 3.2.6.2.12 */
export const performanceDictionarySchema = z
  .strictObject({
    performanceDictionaryId: z.string(),
    performanceDictionaryVersion: z.string(),
    performanceDictionarySchemaVersion: z.string(),
    vendorSoftwareProduct: z.string(),
    supportedInterfaces: z.enum(MANAGEMENT_INTERFACES),
    supportedMeasurements: z.array(performanceMeasurementDefinitionSchema).min(1).meta({
      description: 'Left out of lists unless it is asked for (3.2.4.16.3.2).',
    }),
  })
  .meta({ id: 'PerformanceDictionary', description: 'What can be measured on resources of a type (3.2.6.2.12).' })

export type AlarmDictionary = z.output<typeof alarmDictionarySchema>
export type AlarmDefinition = z.output<typeof alarmDefinitionSchema>
export type ProbableCause = z.output<typeof probableCauseSchema>
export type PerformanceDictionary = z.output<typeof performanceDictionarySchema>
