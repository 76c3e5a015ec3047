import type { OCloud } from '../clusters/registry-types.ts'
import { alarmDictionaryOf } from './dictionaries/alarms.ts'
import { performanceDictionaryOf } from './dictionaries/performance.ts'
import { capacityOf } from './projection/capacity.ts'
import { capabilitiesOf, deploymentManagerOf } from './projection/deployment-manager.ts'
import { resourceTypeOf } from './projection/kinds.ts'
import { viewOfNode } from './projection/node.ts'
import { placesOf } from './projection/places.ts'
import { resourcePoolOf } from './projection/pools.ts'
import type { CloudInfo, LocationInfo, OCloudSiteInfo } from './schema.ts'

/** What the documentation shows: made as everything else is, of one registration and one node. */
const registration: OCloud = {
  oCloudId: '6f0c2d8e-4d0b-4a55-9b7e-3b1f0f7c2a10',
  name: 'edge-1',
  description: 'Edge site 1',
  location: {
    globalLocationId: 'TW-HSZ',
    name: 'Hsinchu',
    coordinate: { type: 'Point', coordinates: [120.99, 24.78] },
  },
  site: { oCloudSiteId: 'hsinchu-1', name: 'Hsinchu 1' },
  labels: { environment: 'edge' },
  simulated: false,
  managed: false,
  createdAt: '2026-11-23T10:00:00.000Z',
}

const amounts = { cpu: '16', memory: '64Gi', pods: '110' }

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'edge-1-worker',
    uid: '2c8f5c64-3d35-4f0c-8c5c-5b0f2b9a4e7d',
    labels: { 'kubernetes.io/arch': 'amd64', 'topology.kubernetes.io/zone': 'zone-1' },
    annotations: {
      'o2ims.dev/hardware': JSON.stringify({
        vendor: 'ACME',
        model: 'edge-server',
        version: '2',
        globalAssetId: 'asset-4711',
        elements: [{ name: 'nic0', category: 'network', vendor: 'ACME', model: 'nic-25g' }],
      }),
    },
  },
  spec: {},
  status: {
    capacity: amounts,
    allocatable: amounts,
    conditions: [{ type: 'Ready', status: 'True' }],
    nodeInfo: { architecture: 'amd64', operatingSystem: 'linux', kubeletVersion: 'v1.33.13' },
  },
}

const view = viewOfNode(node, registration.oCloudId)
const places = placesOf([registration])
const place = places.of(registration)
const oCloudId = 'b1c0a6f4-6f0e-4d0a-8a55-0c1f2d3e4f50'
const mark = {}

export const cloudExample: CloudInfo = {
  oCloudId,
  globalCloudId: 'edge-cloud-7',
  name: 'o2ims',
  description: 'An O-Cloud of Kubernetes clusters',
  serviceUri: 'https://o2.example',
}
export const resourceExample = view.resource
export const resourcePoolExample = resourcePoolOf(registration, view.pool, { oCloudId, place, mark })
export const deploymentManagerExample = deploymentManagerOf(registration, {
  oCloudId,
  serviceUri: 'https://192.0.2.45:6443',
  place,
  capabilities: capabilitiesOf([view], 'v1.33.13'),
  capacity: capacityOf([view], {}),
  mark,
})

const shown = places.shown(() => [resourcePoolExample.resourcePoolId])
export const siteExample = first<OCloudSiteInfo>(shown.sites)
export const locationExample = first<LocationInfo>(shown.locations)

const kind = first([...view.kinds.values()])
export const resourceTypeExample = resourceTypeOf(kind)

const alarms = alarmDictionaryOf(kind)
export const alarmDictionaryExample = {
  ...alarms,
  alarmDefinition: alarms.alarmDefinition.slice(0, 1),
  probableCauses: alarms.probableCauses.slice(0, 1),
}
export const performanceDictionaryExample = first([performanceDictionaryOf(kind)].flatMap((one) => one ?? []))

function first<T>(values: readonly T[]): T {
  const [value] = values
  if (value === undefined) throw new RangeError('the example of Inventory is empty')
  return value
}
