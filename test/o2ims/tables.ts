/** What the specification prints, row by row: the tests hold the service against it, and not against its own document. */

export const INVENTORY = '/O2ims_infrastructureInventory/v2'
export const PROVISIONING = '/O2ims_infrastructureProvisioning/v1'

/** Tables 3.2.3-1 and 3.4.3-1 with the methods of 3.2.4 and 3.4.4, and the API versions (SOL 013 9.3): URI, then what each method answers. */
export const RESOURCES: Record<string, Record<string, number>> = {
  [`${INVENTORY}/`]: { GET: 200 },
  [`${INVENTORY}/resourceTypes`]: { GET: 200 },
  [`${INVENTORY}/resourceTypes/{resourceTypeId}`]: { GET: 200 },
  [`${INVENTORY}/resourceTypes/{resourceTypeId}/alarmDictionary`]: { GET: 200 },
  [`${INVENTORY}/resourceTypes/{resourceTypeId}/performanceDictionary`]: { GET: 200 },
  [`${INVENTORY}/alarmDictionaries`]: { GET: 200 },
  [`${INVENTORY}/alarmDictionaries/{alarmDictionaryId}`]: { GET: 200 },
  [`${INVENTORY}/performanceDictionaries`]: { GET: 200 },
  [`${INVENTORY}/performanceDictionaries/{performanceDictionaryId}`]: { GET: 200 },
  [`${INVENTORY}/resourcePools`]: { GET: 200 },
  [`${INVENTORY}/resourcePools/{resourcePoolId}`]: { GET: 200 },
  [`${INVENTORY}/resourcePools/{resourcePoolId}/resources`]: { GET: 200 },
  [`${INVENTORY}/resourcePools/{resourcePoolId}/resources/{resourceId}`]: { GET: 200 },
  [`${INVENTORY}/deploymentManagers`]: { GET: 200 },
  [`${INVENTORY}/deploymentManagers/{deploymentManagerId}`]: { GET: 200 },
  [`${INVENTORY}/subscriptions`]: { GET: 200, POST: 201 },
  [`${INVENTORY}/subscriptions/{subscriptionId}`]: { GET: 200, DELETE: 204 },
  [`${INVENTORY}/locations`]: { GET: 200 },
  [`${INVENTORY}/locations/{globalLocationId}`]: { GET: 200 },
  [`${INVENTORY}/oCloudSites`]: { GET: 200 },
  [`${INVENTORY}/oCloudSites/{oCloudSiteId}`]: { GET: 200 },
  [`${PROVISIONING}/provisioningRequests`]: { GET: 200, POST: 201 },
  [`${PROVISIONING}/provisioningRequests/{provisioningRequestId}`]: { GET: 200, PUT: 200, DELETE: 202 },
  '/O2ims_infrastructureInventory/api_versions': { GET: 200 },
  [`${INVENTORY}/api_versions`]: { GET: 200 },
  '/O2ims_infrastructureProvisioning/api_versions': { GET: 200 },
  [`${PROVISIONING}/api_versions`]: { GET: 200 },
}

/** The lists among them. */
export interface ListTable {
  path: string
  /** What tells its entries from each other. */
  id: string
  /** What selectors may leave out of the entries that the sample O-Clouds have: complex and with the lower bound 0 (3.2.6.2, 3.4.6.2), the outermost of each. */
  removable: string[]
  /** Left out unless they are asked for. */
  excluded?: string
}

export const LISTS: ListTable[] = [
  { path: `${INVENTORY}/resourceTypes`, id: 'resourceTypeId', removable: ['extensions'] },
  {
    path: `${INVENTORY}/alarmDictionaries`,
    id: 'alarmDictionaryId',
    removable: ['alarmDefinition', 'probableCauses/standardReference'],
    excluded: 'alarmDefinition',
  },
  {
    path: `${INVENTORY}/performanceDictionaries`,
    id: 'performanceDictionaryId',
    removable: ['supportedMeasurements'],
    excluded: 'supportedMeasurements',
  },
  { path: `${INVENTORY}/resourcePools`, id: 'resourcePoolId', removable: ['extensions'] },
  {
    path: `${INVENTORY}/resourcePools/{resourcePoolId}/resources`,
    id: 'resourceId',
    removable: ['elements', 'tags', 'groups', 'extensions'],
  },
  {
    path: `${INVENTORY}/deploymentManagers`,
    id: 'deploymentManagerId',
    removable: ['capabilities', 'capacity', 'extensions'],
  },
  { path: `${INVENTORY}/locations`, id: 'globalLocationId', removable: ['oCloudSiteIds', 'coordinate'] },
  { path: `${INVENTORY}/oCloudSites`, id: 'oCloudSiteId', removable: [] },
  { path: `${INVENTORY}/subscriptions`, id: 'subscriptionId', removable: [] },
  {
    path: `${PROVISIONING}/provisioningRequests`,
    id: 'provisioningRequestData/provisioningRequestId',
    removable: [
      'provisioningRequestData/templateParameters',
      'status/infrastructureResourceProvisioningStatus',
      'provisionedResourceSet',
    ],
  },
]

/** Names and majors under which other clients look for the same. */
export const ALIASES: { prefix: string; instead: string }[] = [
  { prefix: '/o2ims-infrastructureInventory/v1', instead: INVENTORY },
  { prefix: '/o2ims-infrastructureInventory/v2', instead: INVENTORY },
  { prefix: '/o2ims_infrastructureInventory/v1', instead: INVENTORY },
  { prefix: '/o2ims_infrastructureInventory/v2', instead: INVENTORY },
  { prefix: '/o2ims-infrastructureProvisioning/v1', instead: PROVISIONING },
  { prefix: '/o2ims_infrastructureProvisioning/v1', instead: PROVISIONING },
  { prefix: '/o2ims-infrastructureInventory', instead: '/O2ims_infrastructureInventory' },
  { prefix: '/o2ims_infrastructureInventory', instead: '/O2ims_infrastructureInventory' },
  { prefix: '/o2ims-infrastructureProvisioning', instead: '/O2ims_infrastructureProvisioning' },
  { prefix: '/o2ims_infrastructureProvisioning', instead: '/O2ims_infrastructureProvisioning' },
]

/** A path under all of its names, its own first. */
export function namesOf(path: string): string[] {
  const isVersions = path.split('/').length === 3 && path.endsWith('/api_versions')
  const aliases = ALIASES.filter(
    ({ instead }) => path.startsWith(`${instead}/`) && (instead.split('/').length === 2) === isVersions,
  )
  return [path, ...aliases.map(({ prefix, instead }) => prefix + path.slice(instead.length))]
}

/** A path by the name that the specification has for it. */
export function canonical(path: string): string {
  const alias = ALIASES.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
  return alias ? alias.instead + path.slice(alias.prefix.length) : path
}

/** What SOL 013 5 has for every list. */
export const LIST_PARAMETERS = [
  'filter',
  'all_fields',
  'fields',
  'exclude_fields',
  'exclude_default',
  'nextpage_opaque_marker',
]

/** Table 4.3-1, misprints and all. */
export const PROBABLE_CAUSES = `
CLUSTER_COMMUNICATION CERTIFICATE_EXPIRATION CPU_BUS CPU_CONFIGURATION CPU_DOWN CPU_PROTOCOL CPU_TEMPERATURE CPU_THROTTLING HOST_OS_ERROR MEMORY_BIT_ERROR MEMORY_CONFIGURATION
MEMORY_ECC MEMORY_REDUNDANCY MEMORY_STATE MEMORY_TEMPERATURE INFRA_COMPONENT_MAINTENANCE INFRA_COMPONENT_POWER_OUTAGE NIC_CABLE NIC_CONFIGURATION NIC_DOWN NIC_LINK_DOWN
NIC_LINK_TUNING NIC_PCI_ERROR NIC_PCI_PARITY_ERROR NIC_PCIE_ERROR NIC_RECEIVE_FAILURE NIC_TRANSMIT_FAILURE NODE_DOWN PROCESSOR_SENSOR STORAGE_BIT_ERROR STORAGE_BLOCK_ERROR
STORAGE_CACHE STORAGE_CAPACITY STORAGE_CHECK STORAGE_COMMUNICATION STORAGE_CONFIGURAION STORAGE_CONTROLLER STORAGE_DOWN STORAGE_DRIVE_ARRAY STORAGE_ECC STORAGE_ENCLOSURE
STORAGE_FAILURE_PREDICTION STORAGE_MEMORY STORAGE_PHYSICAL_DISK_DEGRADED STORAGE_PHYSICAL_DISK_STATE STORAGE_POWER STORAGE_REBUILD STORAGE_REDUNDANCY STORAGE_SCSI STORAGE_SENSOR
STORAGE_SMART STORAGE_TEMPERATURE STORAGE_VIRTUAL_DISK_DEGRADED STORAGE_VIRTUAL_DISK_STATE SYSTEM_LICENSE_EXPIRATION NETWORK_CONFIGURATION NETWORK_CONNECTVITY_SIGNAL
NETWORK_CPU_OVERLOAD NETWORK_MEMORY_OVERLOAD NETWORK_OVERLOAD NETWORK_PACKET_LOSS NETWORK_QOS`
  .trim()
  .split(/\s+/)
