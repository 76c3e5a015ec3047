import createClient from 'openapi-fetch'
import type { components, paths } from './generated/o2ims.ts'

/**
 * What an SMO integrator writes with nothing but the contract: `node client.ts <server> <callback>` walks from the O-Cloud to every element, subscribes, provisions something, and
 * prints what it saw. It has no cast: the types say everything.
 */
const [server = '', callback = ''] = process.argv.slice(2)
const client = createClient<paths>({ baseUrl: server })

type Resource = components['schemas']['ResourceInfo']

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

function given<T>({ data, error, response }: Answer<T>): T {
  if (data === undefined) throw new Error(`${response.url}: ${response.status} ${JSON.stringify(error)}`)
  return data
}

/** Every entry of a list, page after page, by their Link headers. */
async function everyEntry<T>(read: (nextpage_opaque_marker?: string) => Promise<Answer<T[]>>): Promise<T[]> {
  const entries: T[] = []
  let marker: string | undefined
  do {
    const answer = await read(marker)
    entries.push(...given(answer))
    const [, next] = /<([^>]+)>; rel="next"/.exec(answer.response.headers.get('link') ?? '') ?? []
    marker = next === undefined ? undefined : (new URL(next, server).searchParams.get('nextpage_opaque_marker') ?? '')
  } while (marker !== undefined)
  return entries
}

const seen = {
  deploymentManagers: new Set<string>(),
  locations: new Set<string>(),
  oCloudSites: new Set<string>(),
  resourcePools: new Set<string>(),
  resources: new Set<string>(),
  elements: new Set<string>(),
  resourceTypes: new Set<string>(),
  alarms: new Set<string>(),
  probableCauses: new Set<string>(),
  measurements: new Set<string>(),
}

async function walk(): Promise<string> {
  const cloud = given(await client.GET('/O2ims_infrastructureInventory/v2'))
  const managers = await everyEntry((nextpage_opaque_marker) =>
    client.GET('/O2ims_infrastructureInventory/v2/deploymentManagers', {
      params: { query: { nextpage_opaque_marker } },
    }),
  )
  for (const { deploymentManagerId, oCloudId, supportedLocations } of managers) {
    if (oCloudId !== cloud.oCloudId) throw new Error(`${deploymentManagerId} is of another O-Cloud`)
    seen.deploymentManagers.add(deploymentManagerId)
    for (const globalLocationId of supportedLocations) await walkLocation(globalLocationId)
  }
  return cloud.name
}

async function walkLocation(globalLocationId: string): Promise<void> {
  if (isKnown(seen.locations, globalLocationId)) return
  const location = given(
    await client.GET('/O2ims_infrastructureInventory/v2/locations/{globalLocationId}', {
      params: { path: { globalLocationId } },
    }),
  )
  for (const oCloudSiteId of location.oCloudSiteIds ?? []) {
    seen.oCloudSites.add(oCloudSiteId)
    const site = given(
      await client.GET('/O2ims_infrastructureInventory/v2/oCloudSites/{oCloudSiteId}', {
        params: { path: { oCloudSiteId } },
      }),
    )
    for (const resourcePoolId of site.resourcePools) await walkPool(resourcePoolId)
  }
}

async function walkPool(resourcePoolId: string): Promise<void> {
  if (isKnown(seen.resourcePools, resourcePoolId)) return
  const pool = given(
    await client.GET('/O2ims_infrastructureInventory/v2/resourcePools/{resourcePoolId}', {
      params: { path: { resourcePoolId } },
    }),
  )
  const resources = await everyEntry((nextpage_opaque_marker) =>
    client.GET('/O2ims_infrastructureInventory/v2/resourcePools/{resourcePoolId}/resources', {
      params: { path: { resourcePoolId: pool.resourcePoolId }, query: { nextpage_opaque_marker } },
    }),
  )
  for (const resource of resources) {
    seen.resources.add(resource.resourceId)
    await walkElements(resource)
  }
}

async function walkElements({ resourceTypeId, elements = [] }: Resource): Promise<void> {
  await walkType(resourceTypeId)
  for (const element of elements) {
    seen.elements.add(element.resourceId)
    await walkElements(element)
  }
}

async function walkType(resourceTypeId: string): Promise<void> {
  if (isKnown(seen.resourceTypes, resourceTypeId)) return
  const params = { path: { resourceTypeId } }
  const type = given(await client.GET('/O2ims_infrastructureInventory/v2/resourceTypes/{resourceTypeId}', { params }))
  if (type.alarmDictionaryId !== undefined) {
    const alarms = given(
      await client.GET('/O2ims_infrastructureInventory/v2/resourceTypes/{resourceTypeId}/alarmDictionary', { params }),
    )
    for (const { alarmName } of alarms.alarmDefinition) seen.alarms.add(alarmName)
    for (const { probableCauseCode } of alarms.probableCauses) seen.probableCauses.add(probableCauseCode)
  }
  if (type.performanceDictionaryId !== undefined) {
    const performance = given(
      await client.GET('/O2ims_infrastructureInventory/v2/performanceDictionaries/{performanceDictionaryId}', {
        params: { path: { performanceDictionaryId: type.performanceDictionaryId } },
      }),
    )
    for (const { measurementDefinition: definition } of performance.supportedMeasurements)
      seen.measurements.add('measurementName' in definition ? definition.measurementName : definition.measurementType)
  }
}

function isKnown(ids: Set<string>, id: string): boolean {
  const known = ids.has(id)
  ids.add(id)
  return known
}

/** Subscribes, reads the subscription, finds it in the list and ends it; the status of reading it then. */
async function subscribe(): Promise<number> {
  const made = given(
    await client.POST('/O2ims_infrastructureInventory/v2/subscriptions', {
      body: { callback, consumerSubscriptionId: 'generated', filter: '(eq,objectType,DeploymentManager)' },
    }),
  )
  const params = { path: { subscriptionId: made.subscriptionId } }
  const read = given(await client.GET('/O2ims_infrastructureInventory/v2/subscriptions/{subscriptionId}', { params }))
  const query = { filter: [`(eq,subscriptionId,${read.subscriptionId})`], exclude_default: '' }
  const [listed] = given(await client.GET('/O2ims_infrastructureInventory/v2/subscriptions', { params: { query } }))
  if (listed?.callback !== callback) throw new Error('the subscription is not in the list')
  const ended = await client.DELETE('/O2ims_infrastructureInventory/v2/subscriptions/{subscriptionId}', { params })
  if (ended.error !== undefined) throw new Error(ended.error.detail)
  const gone = await client.GET('/O2ims_infrastructureInventory/v2/subscriptions/{subscriptionId}', { params })
  return gone.response.status
}

/** Posts a request, follows its events to their end and removes it; the phase that it ended in. */
async function provision(): Promise<string> {
  const { provisioningRequestData } = given(
    await client.POST('/O2ims_infrastructureProvisioning/v1/provisioningRequests', {
      body: {
        provisioningRequestId: 'generated',
        name: 'ran at sim-edge-1',
        description: 'DU and CU',
        templateName: 'kpt-workload',
        templateVersion: '1.0.0',
        templateParameters: { oCloud: 'sim-edge-1', namespace: 'ran-generated' },
      },
    }),
  )
  const params = { path: { provisioningRequestId: provisioningRequestData.provisioningRequestId } }
  const events = '/o2ims/v1/provisioningRequests/{provisioningRequestId}/events'
  const stream = given(await client.GET(events, { params, parseAs: 'stream' }))
  for await (const _ of stream ?? []);
  const item = '/O2ims_infrastructureProvisioning/v1/provisioningRequests/{provisioningRequestId}'
  const { status } = given(await client.GET(item, { params }))
  const removed = await client.DELETE(item, { params })
  if (removed.error !== undefined) throw new Error(removed.error.detail)
  return status.provisioningPhase
}

const cloud = await walk()
const subscriptionAfterwards = await subscribe()
const provisioningPhase = await provision()
const counted = Object.entries(seen).map(([name, ids]) => [name, [...ids].sort()])
process.stdout.write(
  JSON.stringify({ cloud, subscriptionAfterwards, provisioningPhase, ...Object.fromEntries(counted) }),
)
