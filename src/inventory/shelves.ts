import { alarmDictionarySchema, performanceDictionarySchema } from './dictionaries/schema.ts'
import {
  alarmDictionaryExample,
  deploymentManagerExample,
  locationExample,
  performanceDictionaryExample,
  resourcePoolExample,
  resourceTypeExample,
  siteExample,
} from './examples.ts'
import {
  deploymentManagerInfoSchema,
  locationInfoSchema,
  oCloudSiteInfoSchema,
  resourcePoolInfoSchema,
  resourceTypeInfoSchema,
} from './schema.ts'
import type { Shelf } from './shelf-operations.ts'

/** The lists of table 3.2.3-1 whose entries are found by their id alone. */

export const resourceTypes: Shelf<'inventoryResourceType'> = {
  collection: 'inventoryResourceType',
  segment: 'resourceTypes',
  parameter: 'resourceTypeId',
  noun: 'resource type',
  plural: 'resource types',
  name: 'ResourceType',
  names: 'ResourceTypes',
  schema: resourceTypeInfoSchema,
  indexed: ['resourceTypeId', 'name', 'vendor', 'model', 'resourceClass'],
  filter: '(eq,resourceClass,NETWORKING)',
  example: resourceTypeExample,
  exampleId: resourceTypeExample.resourceTypeId,
  clauses: ['3.2.4.2', '3.2.4.3'],
}

export const alarmDictionaries: Shelf<'inventoryAlarmDictionary'> = {
  collection: 'inventoryAlarmDictionary',
  segment: 'alarmDictionaries',
  parameter: 'alarmDictionaryId',
  noun: 'alarm dictionary',
  plural: 'alarm dictionaries',
  name: 'AlarmDictionary',
  names: 'AlarmDictionaries',
  schema: alarmDictionarySchema,
  listed: alarmDictionarySchema
    .partial({ alarmDefinition: true })
    .meta({ id: 'ListedAlarmDictionary', description: 'Without alarmDefinition unless it is asked for.' }),
  excludedByDefault: ['alarmDefinition'],
  indexed: ['alarmDictionaryId'],
  filter: '(eq,probableCauses/probableCauseCode,NODE_DOWN)',
  example: alarmDictionaryExample,
  exampleId: alarmDictionaryExample.alarmDictionaryId,
  clauses: ['3.2.4.14', '3.2.4.13'],
}

export const performanceDictionaries: Shelf<'inventoryPerformanceDictionary'> = {
  collection: 'inventoryPerformanceDictionary',
  segment: 'performanceDictionaries',
  parameter: 'performanceDictionaryId',
  noun: 'performance dictionary',
  plural: 'performance dictionaries',
  name: 'PerformanceDictionary',
  names: 'PerformanceDictionaries',
  schema: performanceDictionarySchema,
  listed: performanceDictionarySchema.partial({ supportedMeasurements: true }).meta({
    id: 'ListedPerformanceDictionary',
    description: 'Without supportedMeasurements unless they are asked for.',
  }),
  excludedByDefault: ['supportedMeasurements'],
  indexed: ['performanceDictionaryId'],
  filter: '(eq,supportedMeasurements/performanceMeasurementId,cpuUsage)',
  example: performanceDictionaryExample,
  exampleId: performanceDictionaryExample.performanceDictionaryId,
  clauses: ['3.2.4.16', '3.2.4.15'],
}

export const resourcePools: Shelf<'inventoryResourcePool'> = {
  collection: 'inventoryResourcePool',
  segment: 'resourcePools',
  parameter: 'resourcePoolId',
  noun: 'resource pool',
  plural: 'resource pools',
  name: 'ResourcePool',
  names: 'ResourcePools',
  schema: resourcePoolInfoSchema,
  indexed: ['resourcePoolId', 'name', 'oCloudSiteId', 'globalLocationId'],
  filter: '(eq,oCloudSiteId,hsinchu-1)',
  example: resourcePoolExample,
  exampleId: resourcePoolExample.resourcePoolId,
  clauses: ['3.2.4.4', '3.2.4.5'],
}

export const deploymentManagers: Shelf<'inventoryDeploymentManager'> = {
  collection: 'inventoryDeploymentManager',
  segment: 'deploymentManagers',
  parameter: 'deploymentManagerId',
  noun: 'deployment manager',
  plural: 'deployment managers',
  name: 'DeploymentManager',
  names: 'DeploymentManagers',
  schema: deploymentManagerInfoSchema,
  indexed: ['deploymentManagerId', 'name'],
  filter: '(eq,capabilities/architectures,amd64)',
  example: deploymentManagerExample,
  exampleId: deploymentManagerExample.deploymentManagerId,
  clauses: ['3.2.4.8', '3.2.4.9'],
}

export const locations: Shelf<'inventoryLocation'> = {
  collection: 'inventoryLocation',
  segment: 'locations',
  parameter: 'globalLocationId',
  noun: 'location',
  plural: 'locations',
  name: 'Location',
  names: 'Locations',
  schema: locationInfoSchema,
  indexed: ['globalLocationId', 'name'],
  filter: '(cont,name,Hsinchu)',
  example: locationExample,
  exampleId: locationExample.globalLocationId,
  clauses: ['3.2.4.17', '3.2.4.18'],
}

export const oCloudSites: Shelf<'inventorySite'> = {
  collection: 'inventorySite',
  segment: 'oCloudSites',
  parameter: 'oCloudSiteId',
  noun: 'O-Cloud site',
  plural: 'O-Cloud sites',
  name: 'OCloudSite',
  names: 'OCloudSites',
  schema: oCloudSiteInfoSchema,
  indexed: ['oCloudSiteId', 'globalLocationId', 'name'],
  filter: '(eq,globalLocationId,TW-HSZ)',
  example: siteExample,
  exampleId: siteExample.oCloudSiteId,
  clauses: ['3.2.4.19', '3.2.4.20'],
}
