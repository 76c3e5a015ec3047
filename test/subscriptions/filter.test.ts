import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { QueryError } from '../../src/query/query-error.ts'
import { EVENT_TYPES, eventKinds } from '../../src/subscriptions/event-kinds.ts'
import { readFilter, selects } from '../../src/subscriptions/filter.ts'
import type { SubscriptionApi } from '../../src/subscriptions/record.ts'

const kinds = eventKinds('https://o2ims.example')
const takes = (api: SubscriptionApi, filter: string, data: JsonObject) =>
  selects(readFilter(filter, EVENT_TYPES[api]), kinds[api], { position: 1, at: 0, kind: api, data })

const pool = { resourcePoolId: 'pool-1', name: 'edge', description: 'all nodes', oCloudSiteId: 'site-1' }
const made = {
  objectType: 'ResourcePool',
  notificationEventType: 0,
  objectRef: '/x/resourcePools/pool-1',
  postObjectState: pool,
}
const gone = { ...made, notificationEventType: 2, postObjectState: undefined, priorObjectState: pool }
const type = {
  objectType: 'ResourceType',
  notificationEventType: 0,
  objectRef: '/x/resourceTypes/t',
  postObjectState: { name: 'edge', vendor: 'acme' },
}

test('an inventory subscriber is told the place of an object that is gone as well', () => {
  const data: JsonObject = JSON.parse(JSON.stringify(gone))
  expect(
    kinds.inventory.body(
      { position: 1, at: 0, kind: 'inventory', data },
      { subscriptionId: 's', callback: 'https://smo.example/' },
      'id',
    ),
  ).toEqual({
    notificationEventType: 2,
    objectRef: 'https://o2ims.example/x/resourcePools/pool-1',
    priorObjectState: pool,
  })
})

describe('the filter of an inventory subscription', () => {
  test('selects by the state after the change, of what is gone by the one before', () => {
    expect(takes('inventory', '(eq,name,edge)', made)).toBe(true)
    expect(takes('inventory', '(eq,name,edge)', { ...made, priorObjectState: { ...pool, name: 'other' } })).toBe(true)
    expect(takes('inventory', '(eq,name,edge)', JSON.parse(JSON.stringify(gone)))).toBe(true)
    expect(takes('inventory', '(eq,name,core)', made)).toBe(false)
  })

  test('selects by what kind of event and of object it is', () => {
    expect(takes('inventory', '(eq,notificationEventType,0);(eq,objectType,ResourcePool)', made)).toBe(true)
    expect(takes('inventory', '(in,notificationEventType,1,2)', made)).toBe(false)
    expect(takes('inventory', '(cont,objectRef,https://o2ims.example/x/resourcePools/)', made)).toBe(true)
  })

  test('an object without that attribute is not told of, however it is asked for', () => {
    expect(takes('inventory', '(eq,vendor,acme)', type)).toBe(true)
    expect(takes('inventory', '(neq,vendor,other)', type)).toBe(true)
    expect(takes('inventory', '(neq,vendor,other)', made)).toBe(false)
  })

  test.each([
    ['(eq,nmae,edge)', /character 5.*no attribute 'nmae'/],
    ['(eq,name', /character/],
    ['(eq,vendor,acme);(eq,oCloudSiteIds,s)', /no attribute/],
    ['(eq,objectType,Node)', /Cloud, ResourceType/],
    ['(cont,notificationEventType,1)', /eq, neq/],
  ])('%s is refused, with the place', (filter, words) => {
    expect(() => readFilter(filter, EVENT_TYPES.inventory)).toThrow(QueryError)
    expect(() => readFilter(filter, EVENT_TYPES.inventory)).toThrow(words)
  })
})

describe('the filter of a subscription to provisioning requests', () => {
  const phase = {
    event: 'phase',
    provisioningRequestId: 'r-1',
    provisioningPhase: 'FAILED',
    error: { code: 'TIMEOUT' },
  }
  const step = { event: 'step', provisioningRequestId: 'r-1', step: 'workload', state: 'RUNNING', percent: 40 }

  test('selects by request, event, phase, step and cause', () => {
    expect(takes('provisioning', '(in,provisioningPhase,FAILED,FULFILLED)', phase)).toBe(true)
    expect(takes('provisioning', '(in,provisioningPhase,FAILED,FULFILLED)', step)).toBe(false)
    expect(takes('provisioning', '(eq,error/code,TIMEOUT)', phase)).toBe(true)
    expect(takes('provisioning', '(eq,step,workload);(neq,state,PENDING);(gt,percent,30)', step)).toBe(true)
    expect(
      takes('provisioning', '(eq,provisioningRequestId,r-1)', { event: 'end', provisioningRequestId: 'r-1' }),
    ).toBe(true)
  })

  test('refuses what no event has', () => {
    expect(() => readFilter('(eq,phase,FAILED)', EVENT_TYPES.provisioning)).toThrow(/no attribute 'phase'/)
    expect(() => readFilter('(eq,provisioningPhase,BROKEN)', EVENT_TYPES.provisioning)).toThrow(/PENDING, PROGRESSING/)
  })
})
