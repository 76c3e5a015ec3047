import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../harness/needs.ts'
import { type InventoryReader, objects, readInventory } from './read-inventory.ts'
import { type Service, startConformingService } from './service.ts'
import { INVENTORY, namesOf, PROBABLE_CAUSES } from './tables.ts'

describe('the dictionaries of Inventory', needs('redis'), () => {
  let service: Service
  let inventory: InventoryReader
  beforeAll(async () => {
    service = await startConformingService()
    inventory = readInventory(service)
  })
  afterAll(() => service?.stop())

  test('INV-07 INV-08 the dictionaries of a type are the same by its path and by their ids', async () => {
    const types = await inventory.all('resourceTypes')
    let compared = 0
    for (const { resourceTypeId, alarmDictionaryId, performanceDictionaryId } of types)
      for (const [segment, list, id] of [
        ['alarmDictionary', 'alarmDictionaries', alarmDictionaryId],
        ['performanceDictionary', 'performanceDictionaries', performanceDictionaryId],
      ] as const)
        for (const name of namesOf(`${INVENTORY}/resourceTypes`)) {
          const { status, body } = await service.call(`${name}/${resourceTypeId}/${segment}`)
          if (id === undefined) {
            expect(status, segment).toBe(404)
            continue
          }
          expect([status, body]).toEqual([200, await inventory.read(`${list}/${id}`)])
          compared += 1
        }
    expect(compared).toBeGreaterThan(types.length)
    for (const segment of ['alarmDictionary', 'performanceDictionary'])
      expect((await service.call(`${INVENTORY}/resourceTypes/no-such-type/${segment}`)).status).toBe(404)
  })

  test('INV-09 alarm dictionaries can be listed and read, and each type has one', async () => {
    const dictionaries = await inventory.expectListAndItem('alarmDictionaries')
    const types = await inventory.all('resourceTypes')
    expect(types.map(({ alarmDictionaryId }) => alarmDictionaryId).sort()).toEqual(
      dictionaries.map(({ alarmDictionaryId }) => alarmDictionaryId).sort(),
    )
  })

  test('INV-10 performance dictionaries can be listed and read, and each type of nodes has one', async () => {
    const dictionaries = await inventory.expectListAndItem('performanceDictionaries')
    const nodes = new Set((await inventory.resources()).map(({ resourceTypeId }) => resourceTypeId))
    const types = (await inventory.all('resourceTypes')).filter(({ resourceTypeId }) => nodes.has(resourceTypeId ?? ''))
    expect(types.map(({ performanceDictionaryId }) => performanceDictionaryId).sort()).toEqual(
      dictionaries.map(({ performanceDictionaryId }) => performanceDictionaryId).sort(),
    )
  })

  test('INV-11 INV-14 managementInterfaceId is O2IMS and pkNotificationField alarmDefinitionId, on dictionaries and definitions', async () => {
    const dictionaries = await inventory.all('alarmDictionaries')
    const definitions = dictionaries.flatMap(({ alarmDefinition }) => objects(alarmDefinition))
    expect(definitions.length).toBeGreaterThan(dictionaries.length)
    for (const { managementInterfaceId, pkNotificationField } of [...dictionaries, ...definitions])
      expect([managementInterfaceId, pkNotificationField]).toEqual([['O2IMS'], ['alarmDefinitionId']])
    for (const { alarmDefinition } of dictionaries) {
      const ids = objects(alarmDefinition).map(({ alarmDefinitionId }) => alarmDefinitionId)
      expect(new Set(ids).size).toBe(ids.length)
    }
    for (const { supportedInterfaces } of await inventory.all('performanceDictionaries'))
      expect(supportedInterfaces).toBe('O2IMS')
  })

  test('INV-12 INV-13 a dictionary has the vendor of its type, and an entityType that no other of this vendor has', async () => {
    const seen = new Set<string>()
    for (const { alarmDictionaryId, vendor } of await inventory.all('resourceTypes')) {
      const dictionary = await inventory.read(`alarmDictionaries/${alarmDictionaryId}`)
      expect(dictionary.vendor).toBe(vendor)
      seen.add(JSON.stringify([vendor, dictionary.entityType]))
    }
    expect(seen.size).toBe((await inventory.all('alarmDictionaries')).length)
  })

  test('INV-15 every cause of clause 4.3 is listed, as it is printed, by what it is about', async () => {
    const causesBy = new Map<string, string[]>()
    for (const { alarmDictionaryId, extensions } of await inventory.all('resourceTypes')) {
      const { probableCauses } = await inventory.read(`alarmDictionaries/${alarmDictionaryId}`)
      const codes = objects(probableCauses).map(({ probableCauseCode }) => String(probableCauseCode))
      expect(new Set(codes).size).toBe(codes.length)
      causesBy.set(String(Object(extensions).category), codes)
    }
    expect([...new Set([...causesBy.values()].flat())].sort()).toEqual(PROBABLE_CAUSES.toSorted())
    for (const [category, start] of [
      ['storage', /^STORAGE/],
      ['network', /^NIC/],
      ['cluster', /^(CLUSTER|NETWORK)/],
    ] as const)
      expect(causesBy.get(category)?.toSorted(), category).toEqual(
        PROBABLE_CAUSES.filter((code) => start.test(code)).sort(),
      )
    expect(causesBy.get('node')).toEqual(expect.arrayContaining(['NODE_DOWN', 'HOST_OS_ERROR']))
  })

  test('INV-16 each measurement is defined in the form of 3GPP or in that of ETSI', async () => {
    const etsi = ['measurementName', 'collectionMethod', 'trigger', 'measurementUnit', 'measuredObjectType']
    const threeGpp = ['measurementType', 'condition', 'measurementResult', 'measurementObjectClass']
    const measurements = (await inventory.all('performanceDictionaries')).flatMap(({ supportedMeasurements }) =>
      objects(supportedMeasurements),
    )
    expect(measurements.length).toBeGreaterThan(2)
    for (const { measurementDefinition } of measurements) {
      const has = (names: string[]) => names.filter((name) => name in Object(measurementDefinition)).length
      expect([has(etsi), has(threeGpp)]).toSatisfy(
        ([one, other]) => (one === etsi.length && other === 0) || (one === 0 && other === threeGpp.length),
      )
    }
  })
})
