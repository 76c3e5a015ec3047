import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { needs } from '../harness/needs.ts'
import { attributesOf } from './attributes.ts'
import { nextOf, query, type Service, startConformingService } from './service.ts'
import { INVENTORY, LISTS, type ListTable, namesOf } from './tables.ts'

const CLOUD = `${INVENTORY}/`

/** An entry with nothing at these paths, also in each element of an array. */
function without(entry: JsonValue, ...paths: string[]): JsonValue {
  if (Array.isArray(entry)) return entry.map((element) => without(element, ...paths))
  if (typeof entry !== 'object' || entry === null) return entry
  const left = Object.entries(entry).filter(([name]) => !paths.includes(name))
  const below = (name: string) =>
    paths.filter((path) => path.startsWith(`${name}/`)).map((path) => path.slice(name.length + 1))
  return Object.fromEntries(left.map(([name, value]) => [name, without(value, ...below(name))]))
}

describe('attribute selectors', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService()
  })
  afterAll(() => service?.stop())

  const selected = async (path: string, ...selectors: [string, string?][]) =>
    (await service.call(service.at(path) + query(...selectors))).body

  /** The entries of a list as a GET of each one answers them: with all that there is. */
  async function wholeEntries({ path, id }: ListTable): Promise<JsonObject[]> {
    const entries = await service.all(service.at(path))
    return Promise.all(
      entries.map(async (entry) => {
        const key = id.split('/').reduce<JsonValue | undefined>((value, name) => Object(value)[name], entry)
        return (await service.call(`${service.at(path)}/${encodeURIComponent(String(key))}`)).body
      }),
    )
  }

  test('SEL-01 all_fields sends everything, on every list under each of its names and for the O-Cloud', async () => {
    for (const list of LISTS) {
      const whole = await wholeEntries(list)
      expect(whole.length, list.path).toBeGreaterThan(0)
      for (const name of namesOf(list.path)) {
        expect(await selected(name, ['all_fields']), name).toEqual(whole)
        expect(await selected(name, ['all_fields', 'true']), name).toEqual(whole)
      }
    }
    expect(await selected(CLOUD, ['all_fields'])).toEqual(await selected(CLOUD))
  })

  test('SEL-02 exclude_default sends all but what a list leaves out by default', async () => {
    for (const list of LISTS) {
      const whole = await wholeEntries(list)
      const expected = list.excluded === undefined ? whole : whole.map((entry) => without(entry, list.excluded ?? ''))
      for (const name of namesOf(list.path)) expect(await selected(name, ['exclude_default']), name).toEqual(expected)
    }
    expect(await selected(CLOUD, ['exclude_default'])).toEqual(await selected(CLOUD, ['all_fields']))
  })

  test('SEL-03 fields sends the optional structures and arrays that are listed, and everything else', async () => {
    for (const list of LISTS) {
      const whole = await wholeEntries(list)
      const optional = await removableOf(list)
      for (const chosen of [[], ...optional.map((name) => [name]), optional]) {
        const left = optional.filter((name) => !chosen.includes(name))
        const fields = chosen.length === 0 ? list.id : chosen.join()
        expect(await selected(list.path, ['fields', fields]), `${list.path} ${fields}`).toEqual(
          whole.map((entry) => without(entry, ...left)),
        )
      }
    }
    expect(await selected(CLOUD, ['fields', 'name'])).toEqual(await selected(CLOUD))
  })

  test('SEL-03 fields reaches into structures and into the elements of arrays', async () => {
    const path = `${INVENTORY}/resourcePools/{resourcePoolId}/resources`
    const [resource] = await selected(path, ['fields', 'elements/description,extensions/nodeName'])
    expect(Object.keys(resource.extensions)).toEqual(['nodeName'])
    expect(resource.tags).toBeUndefined()
    expect(resource.elements.length).toBeGreaterThan(2)
    for (const element of resource.elements)
      expect(Object.keys(element).sort()).toEqual(['description', 'resourceId', 'resourcePoolId', 'resourceTypeId'])
    const [manager] = await selected(`${INVENTORY}/deploymentManagers`, ['fields', 'capacity/cpu/available'])
    expect(Object.keys(manager.capacity)).toEqual(['cpu'])
    expect(Object.keys(manager.capacity.cpu)).toEqual(['available'])
  })

  test('SEL-04 exclude_fields leaves out the optional structures and arrays that are listed, and nothing else', async () => {
    for (const list of LISTS) {
      const whole = await wholeEntries(list)
      const optional = await removableOf(list)
      for (const chosen of [...optional.map((name) => [name]), optional].filter((names) => names.length > 0))
        expect(await selected(list.path, ['exclude_fields', chosen.join()]), `${list.path} ${chosen}`).toEqual(
          whole.map((entry) => without(entry, ...chosen)),
        )
    }
    const [resource] = await selected(`${INVENTORY}/resourcePools/{resourcePoolId}/resources`, [
      'exclude_fields',
      'elements/extensions,extensions/conditions',
    ])
    expect(resource.elements.map((element: JsonObject) => element.extensions).filter(Boolean)).toEqual([])
    expect([resource.extensions.conditions, typeof resource.extensions.nodeName]).toEqual([undefined, 'string'])
  })

  /** The table says which attributes those are; each is there, or leaving it out would show nothing. */
  async function removableOf(list: ListTable): Promise<string[]> {
    const whole = await wholeEntries(list)
    for (const path of list.removable) expect(without(whole, path), `${list.path} ${path}`).not.toEqual(whole)
    return list.removable
  }

  test('SEL-05 no selector is the same as exclude_default', async () => {
    for (const path of [...LISTS.map((list) => list.path), CLOUD])
      for (const name of namesOf(path))
        expect(await selected(name), name).toEqual(await selected(name, ['exclude_default']))
  })

  test('SEL-06 a selector that is wrong, or two that contradict each other, is 400 and named', async () => {
    const contradictions: [string, string?][][] = [
      [['all_fields'], ['exclude_default']],
      [['all_fields'], ['fields', 'name']],
      [['all_fields'], ['exclude_fields', 'extensions']],
      [
        ['fields', 'name'],
        ['exclude_fields', 'extensions'],
      ],
      [['exclude_default'], ['exclude_fields', 'extensions']],
      [['exclude_default'], ['fields', 'name'], ['exclude_fields', 'extensions']],
    ]
    const wrong: [string, string?][][] = [
      [['fields', 'noSuchThing']],
      [['fields', '']],
      [['fields', 'name,']],
      [['fields', 'name/below']],
      [['exclude_fields', 'noSuchThing']],
      [['all_fields', 'false']],
      [['exclude_default', '1']],
      [
        ['fields', 'name'],
        ['fields', 'description'],
      ],
    ]
    for (const path of [...LISTS.map((list) => list.path), CLOUD])
      for (const selectors of [...contradictions, ...wrong]) {
        const body = await selected(path, ...selectors)
        const names = selectors.map(([name]) => name)
        expect(body, `${path} ${JSON.stringify(selectors)}`).toMatchObject({ status: 400, code: 'INVALID_QUERY' })
        expect(names.some((name) => JSON.stringify([body.detail, body.errors]).includes(name))).toBe(true)
      }
    for (const { path, id } of LISTS)
      expect(await selected(path, ['exclude_fields', id]), path).toMatchObject({ status: 400 })
  })

  test('SEL-07 the list of alarm dictionaries leaves out alarmDefinition unless it is asked for', () =>
    excludedByDefault(`${INVENTORY}/alarmDictionaries`, 'alarmDefinition'))

  test('SEL-08 the list of performance dictionaries leaves out supportedMeasurements unless they are asked for', () =>
    excludedByDefault(`${INVENTORY}/performanceDictionaries`, 'supportedMeasurements'))

  async function excludedByDefault(path: string, attribute: string): Promise<void> {
    const has = (entries: JsonObject[]) => entries.map((entry) => Array.isArray(entry[attribute]))
    const count = (await selected(path)).length
    expect(count).toBeGreaterThan(0)
    const all = new Array(count).fill(true)
    const none = new Array(count).fill(false)
    expect(has(await selected(path))).toEqual(none)
    expect(has(await selected(path, ['exclude_default']))).toEqual(none)
    expect(has(await selected(path, ['all_fields']))).toEqual(all)
    expect(has(await selected(path, ['fields', attribute]))).toEqual(all)
    expect(has(await selected(path, ['exclude_default'], ['fields', attribute]))).toEqual(all)
    expect(has(await selected(path, ['exclude_fields', attribute]))).toEqual(none)
    const filter = attributesOf(service.contract.document, path).find(({ path: at }) => at.startsWith(`${attribute}/`))
    expect(await selected(path, ['filter', `(neq,${filter?.path},x)`])).toEqual(await selected(path))
  }

  test('SEL-10 what is answered is what filter and selectors leave', async () => {
    const path = `${INVENTORY}/resourceTypes`
    const all: JsonObject[] = await selected(path)
    const storage = all.filter(({ resourceClass }) => resourceClass === 'STORAGE')
    expect(storage.length).toBeGreaterThan(0)
    expect(await selected(path, ['filter', '(eq,resourceClass,STORAGE)'], ['exclude_fields', 'extensions'])).toEqual(
      storage.map((entry) => without(entry, 'extensions')),
    )
    const list = `${INVENTORY}/alarmDictionaries`
    const hasNodeAlarms = (entry: JsonObject) => JSON.stringify(entry).includes('"CLUSTERNODE_MAJOR"')
    const dictionaries: JsonObject[] = await selected(list, ['all_fields'])
    const expected = dictionaries.filter((entry) => hasNodeAlarms(entry) && entry.vendor === 'Simulated')
    expect(expected.length).toBeGreaterThan(0)
    expect(expected.length).toBeLessThan(dictionaries.length)
    const filters: [string, string][] = [
      ['filter', '(eq,alarmDefinition/alarmName,CLUSTERNODE_MAJOR)'],
      ['filter', '(eq,vendor,Simulated)'],
    ]
    expect(await selected(list, ...filters, ['all_fields'])).toEqual(expected)
    expect(await selected(list, ...filters)).toEqual(expected.map((entry) => without(entry, 'alarmDefinition')))
  })
})

describe('attribute selectors over pages', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService({ env: { LIST_PAGE_SIZE: '2' } })
  })
  afterAll(() => service?.stop())

  test('SEL-10 filter and selectors hold on every page, and the link carries them', async () => {
    const asked = query(['filter', '(neq,resourceClass,STORAGE)'], ['exclude_fields', 'extensions'])
    const seen: JsonObject[] = []
    let pages = 0
    for (let next: string | undefined = `${INVENTORY}/resourceTypes${asked}`; next; pages += 1) {
      const { body, headers } = await service.call(next)
      seen.push(...body)
      next = nextOf(headers, service.url)
    }
    const all = await service.all(`${INVENTORY}/resourceTypes`)
    const expected = all.filter(({ resourceClass }) => resourceClass !== 'STORAGE')
    expect(seen).toEqual(expected.map((entry) => without(entry, 'extensions')))
    expect(pages).toBe(Math.ceil(expected.length / 2))
  })
})
