import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReachability } from '../../src/inventory/reachability.ts'
import { recordOf } from '../../src/inventory/records.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'

describe('which O-Clouds can be reached', needs('redis'), () => {
  let test: TestStore
  beforeAll(async () => {
    test = await createTestStore()
  })
  afterAll(() => test?.stop())

  const managerOf = (id: string, reachable: boolean) =>
    recordOf('inventoryDeploymentManager', {
      deploymentManagerId: id,
      name: id,
      description: '',
      oCloudId: 'o-cloud',
      serviceUri: 'https://127.0.0.1',
      supportedLocations: [],
      ...(!reachable && { extensions: { reachable: false } }),
    })

  it('is counted of all, and told one by one of the first hundred', async () => {
    const managers = test.store.collection('inventoryDeploymentManager')
    const look = createReachability(test.store)
    expect(await look()).toEqual({ oClouds: { reachable: 0, away: 0 }, reachability: new Map() })
    for (let index = 0; index < 150; index++) {
      const { id, value, indexes } = managerOf(`c${index}`, index % 3 !== 0)
      await managers.create(id, value, { indexes })
    }
    const { oClouds, reachability } = await look()
    expect(oClouds).toEqual({ reachable: 100, away: 50 })
    expect([...reachability.keys()]).toEqual(Array.from({ length: 100 }, (_, index) => `c${index}`))
    expect([reachability.get('c0'), reachability.get('c1')]).toEqual([false, true])

    const { value, indexes } = managerOf('c0', true)
    await managers.update('c0', () => ({ value, alongside: { indexes } }))
    const later = await look()
    expect(later.oClouds).toEqual({ reachable: 101, away: 49 })
    expect(later.reachability.get('c0')).toBe(true)
  })
})
