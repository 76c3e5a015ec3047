import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { type InventoryWorld, inventoryWorld } from './world.ts'

describe('the inventory of simulated O-Clouds', needs('redis'), () => {
  let world: InventoryWorld

  beforeEach(async () => {
    world = await inventoryWorld()
  })
  afterEach(() => world?.teardown())

  test('an O-Cloud that is registered appears whole', async () => {
    world.start()
    const { value } = await world.oClouds.create({ name: 'edge', simulated: true, location: { name: 'Hsinchu' } })
    await new Promise((r) => setTimeout(r, 1500))
    console.log(world.log())
    await eventually(async () => expect(await world.all('inventoryResource')).toHaveLength(3))
    await eventually(async () => expect(await world.all('inventoryDeploymentManager')).toHaveLength(1))
    console.log(JSON.stringify(await world.all('inventoryDeploymentManager'), null, 1))
    console.log(JSON.stringify((await world.all('inventoryResource'))[0], null, 1))
    console.log(JSON.stringify(await world.all('inventorySite'), null, 1))
    console.log(JSON.stringify(await world.all('inventoryLocation'), null, 1))
    console.log(JSON.stringify(await world.all('inventoryResourcePool'), null, 1))
    console.log(
      (await world.told()).map(({ objectRef, notificationEventType }) => `${notificationEventType} ${objectRef}`),
    )
    await world.oClouds.remove(value.oCloudId)
    await eventually(async () => expect(await world.all('inventoryDeploymentManager')).toEqual([]))
    await new Promise((r) => setTimeout(r, 300))
    console.log(
      (await world.told()).map(({ objectRef, notificationEventType }) => `${notificationEventType} ${objectRef}`),
    )
    console.log(world.log())
  })
})
