import { describe, expect, test } from 'vitest'
import { changesOf } from '../../src/inventory/changes.ts'
import type { JsonObject } from '../../src/json.ts'

const BASE = '/O2ims_infrastructureInventory/v2'
const resource = {
  resourceId: 'r 1',
  resourcePoolId: 'p',
  resourceTypeId: 't',
  description: 'before',
  elements: [{ description: 'cpu: 4' }],
  tags: ['a'],
  extensions: { x: 1 },
}

describe('what subscribers are told', () => {
  test('a new object is a CREATE with what it is, one that is gone a DELETE with what it was', () => {
    const objectRef = `${BASE}/resourcePools/p/resources/r%201`
    expect(changesOf('inventoryResource', undefined, resource)).toEqual([
      { objectType: 'Resource', notificationEventType: 0, objectRef, postObjectState: resource },
    ])
    expect(changesOf('inventoryResource', resource, undefined)).toEqual([
      { objectType: 'Resource', notificationEventType: 2, objectRef, priorObjectState: resource },
    ])
  })

  test.each([{ description: 'after' }, { elements: [{ description: 'cpu: 8' }] }])(
    'a change of %o is a MODIFY with both states',
    (change) => {
      const after = { ...resource, ...change }
      expect(changesOf('inventoryResource', resource, after)).toMatchObject([
        { notificationEventType: 1, priorObjectState: resource, postObjectState: after },
      ])
    },
  )

  test.each<JsonObject>([{ tags: ['b'] }, { extensions: {} }, { groups: ['g'] }, { globalAssetId: 'g' }])(
    'a change of %o is not told',
    (change) => {
      expect(changesOf('inventoryResource', resource, { ...resource, ...change })).toEqual([])
    },
  )

  test('a resource of another type is another resource', () => {
    const after = { ...resource, resourceTypeId: 'u' }
    const types = changesOf('inventoryResource', resource, after).map((change) => change.notificationEventType)
    expect(types).toEqual([2, 0])
  })

  test.each([
    ['inventoryCloud', 'serviceUri', BASE],
    ['inventoryResourceType', 'name', `${BASE}/resourceTypes/id`],
    ['inventoryResourcePool', 'description', `${BASE}/resourcePools/id`],
    ['inventoryDeploymentManager', 'capacity', `${BASE}/deploymentManagers/id`],
    ['inventoryLocation', 'oCloudSiteIds', `${BASE}/locations/id`],
    ['inventorySite', 'resourcePools', `${BASE}/oCloudSites/id`],
  ] as const)('in %s a change of %s is told of %s', (collection, attribute, objectRef) => {
    const ids = {
      oCloudId: 'id',
      resourceTypeId: 'id',
      resourcePoolId: 'id',
      deploymentManagerId: 'id',
      globalLocationId: 'id',
      oCloudSiteId: 'id',
    }
    const changes = changesOf(collection, { ...ids, [attribute]: 'before' }, { ...ids, [attribute]: 'after' })
    expect(changes).toMatchObject([{ notificationEventType: 1, objectRef }])
    expect(changesOf(collection, { ...ids, extensions: 'before' }, { ...ids, extensions: 'after' })).toEqual([])
  })

  test('dictionaries are told of by nobody: the specification has no such object', () => {
    expect(changesOf('inventoryAlarmDictionary', undefined, {})).toEqual([])
    expect(changesOf('inventoryPerformanceDictionary', {}, undefined)).toEqual([])
  })
})
