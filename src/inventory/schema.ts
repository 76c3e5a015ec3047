import { z } from 'zod'
import { alarmDictionarySchema } from './dictionaries/schema.ts'

/** The types of O2IMS 3.2.6.2, attribute by attribute as they are printed; what may be left out there is optional here. */

export const identifierSchema = z.string().meta({ description: 'Unique in the O-Cloud.' })
export const keyValuePairsSchema = z
  .record(z.string(), z.unknown())
  .meta({ id: 'KeyValuePairs', description: 'Any values by name (3.1.6).' })

/** 3.2.6.2.6 */
export const cloudInfoSchema = z
  .strictObject({
    oCloudId: identifierSchema,
    globalCloudId: z.string().meta({ description: 'Given by the SMO.' }),
    name: z.string(),
    description: z.string(),
    serviceUri: z.string().meta({ format: 'uri', description: 'The root of all O2 IMS services.' }),
    extensions: keyValuePairsSchema.optional(),
  })
  .meta({ id: 'CloudInfo', description: 'The O-Cloud (3.2.6.2.6).' })

/** 3.2.6.2.2 */
export const resourceTypeInfoSchema = z
  .strictObject({
    resourceTypeId: identifierSchema,
    name: z.string(),
    description: z.string(),
    vendor: z.string(),
    model: z.string(),
    version: z.string(),
    alarmDictionary: alarmDictionarySchema.optional().meta({
      deprecated: true,
      description: 'Left out: read the one that alarmDictionaryId names.',
    }),
    alarmDictionaryId: identifierSchema.optional(),
    performanceDictionaryId: identifierSchema.optional(),
    resourceKind: z.enum(['UNDEFINED', 'PHYSICAL', 'LOGICAL']),
    resourceClass: z.string().meta({
      description: 'UNDEFINED, COMPUTE, NETWORKING, STORAGE; the information model calls this list not exhaustive.',
    }),
    extensions: keyValuePairsSchema.optional(),
  })
  .meta({ id: 'ResourceTypeInfo', description: 'A kind of resource (3.2.6.2.2).' })

/** 3.2.6.2.3 */
export const resourcePoolInfoSchema = z
  .strictObject({
    resourcePoolId: identifierSchema,
    oCloudId: identifierSchema.meta({ deprecated: true }),
    globalLocationId: identifierSchema.meta({ deprecated: true, description: 'Where the site of the pool is.' }),
    name: z.string(),
    oCloudSiteId: identifierSchema,
    description: z.string(),
    location: z.string().optional().meta({ deprecated: true }),
    extensions: keyValuePairsSchema.optional(),
  })
  .meta({ id: 'ResourcePoolInfo', description: 'Resources at one site (3.2.6.2.3).' })

/** 3.2.6.2.4 */
export const resourceInfoSchema = z
  .strictObject({
    resourceId: identifierSchema,
    resourcePoolId: identifierSchema,
    resourceTypeId: identifierSchema,
    globalAssetId: z.string().optional().meta({ description: 'Of a resource that is a reportable asset.' }),
    description: z.string(),
    get elements() {
      return z.array(resourceInfoSchema).optional()
    },
    tags: z.array(z.string()).optional(),
    groups: z.array(z.string()).optional(),
    extensions: keyValuePairsSchema.optional(),
  })
  .meta({ id: 'ResourceInfo', description: 'A resource and the elements that it is made of (3.2.6.2.4).' })

/** 3.2.6.2.5 */
export const deploymentManagerInfoSchema = z
  .strictObject({
    deploymentManagerId: identifierSchema,
    name: z.string(),
    description: z.string(),
    oCloudId: identifierSchema,
    serviceUri: z.string().meta({ format: 'uri', description: 'Where the API server of the cluster listens.' }),
    supportedLocations: z.array(z.string()).min(1).meta({ description: 'globalLocationIds.' }),
    capabilities: keyValuePairsSchema.optional(),
    capacity: keyValuePairsSchema.optional().meta({
      description: 'For each resource: capacity, allocated, reserved and available (the first less the other two).',
    }),
    extensions: keyValuePairsSchema.optional(),
  })
  .meta({ id: 'DeploymentManagerInfo', description: 'A cluster that takes workloads (3.2.6.2.5).' })

const pointSchema = z
  .strictObject({ type: z.literal('Point'), coordinates: z.array(z.number()).min(2).max(3) })
  .meta({ id: 'Point', description: 'GeoJSON (RFC 7946): longitude, latitude, altitude.' })

const civicAddressElementSchema = z
  .strictObject({ caType: z.int(), caValue: z.string() })
  .meta({ id: 'CivicAddressElement', description: 'RFC 4776.' })

/** 3.2.6.2.16; `civicAdress` is printed so. */
export const locationInfoSchema = z
  .strictObject({
    globalLocationId: z.string(),
    name: z.string(),
    description: z.string(),
    oCloudSiteIds: z.array(identifierSchema).optional(),
    coordinate: z.array(pointSchema).optional(),
    civicAdress: z.array(civicAddressElementSchema).optional(),
    address: z.string().optional(),
    extensions: keyValuePairsSchema.optional(),
  })
  .meta({
    id: 'LocationInfo',
    description: 'A place on earth: at least one of coordinate, civicAdress (sic) and address (3.2.6.2.16).',
  })

/** 3.2.6.2.17 */
export const oCloudSiteInfoSchema = z
  .strictObject({
    oCloudSiteId: identifierSchema,
    globalLocationId: z.string(),
    name: z.string(),
    description: z.string(),
    resourcePools: z.array(identifierSchema).min(1),
    extensions: keyValuePairsSchema.optional(),
  })
  .meta({ id: 'OCloudSiteInfo', description: 'Where pools of the O-Cloud stand together (3.2.6.2.17).' })

export type CloudInfo = z.output<typeof cloudInfoSchema>
export type ResourceTypeInfo = z.output<typeof resourceTypeInfoSchema>
export type ResourcePoolInfo = z.output<typeof resourcePoolInfoSchema>
export type ResourceInfo = z.output<typeof resourceInfoSchema>
export type DeploymentManagerInfo = z.output<typeof deploymentManagerInfoSchema>
export type LocationInfo = z.output<typeof locationInfoSchema>
export type OCloudSiteInfo = z.output<typeof oCloudSiteInfoSchema>
