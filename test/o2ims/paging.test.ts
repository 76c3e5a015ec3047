import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { fulfilled, nextOf, query, type Service, startConformingService, subscribed, workload } from './service.ts'
import { INVENTORY, LISTS, namesOf } from './tables.ts'

const SIZE = 2
const MANY = 600
const SUBSCRIPTIONS = `${INVENTORY}/subscriptions`

describe('pages', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService({
      entries: 3,
      env: { LIST_PAGE_SIZE: String(SIZE), MAX_SUBSCRIPTIONS: '1000' },
    })
    // More nodes in one pool than stand on a page
    const cluster = { ...workload('nodes'), templateName: 'kind-cluster', templateParameters: NODES }
    await fulfilled(service, cluster)
    await eventually(async () => {
      const [pool] = await service.all(`${INVENTORY}/resourcePools${query(['filter', '(cont,name,many-nodes)'])}`)
      service.ids.resourcePoolId = String(pool?.resourcePoolId)
      const resources = await service.all(service.at(`${INVENTORY}/resourcePools/{resourcePoolId}/resources`))
      expect(resources.length).toBeGreaterThan(2 * SIZE)
    })
  })
  afterAll(() => service?.stop())

  const NODES = { clusterName: 'many-nodes', workers: 9, driver: 'simulated' }

  async function pagesOf(path: string): Promise<JsonObject[][]> {
    const pages: JsonObject[][] = []
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, body, headers } = await service.call(next)
      expect(status, next).toBe(200)
      pages.push(body)
      next = nextOf(headers, service.url)
    }
    return pages
  }

  test('PAG-01 PAG-02 every list that is longer than a page comes in pages, each with a link to the next one but for the last', async () => {
    let long = 0
    for (const { path } of LISTS)
      for (const name of namesOf(path)) {
        const pages = await pagesOf(service.at(name))
        for (const page of pages.slice(0, -1)) expect(page.length, name).toBe(SIZE)
        expect(pages.at(-1)?.length, name).toBeLessThanOrEqual(SIZE)
        const entries = pages.flat()
        expect(new Set(entries.map((entry) => JSON.stringify(entry))).size, name).toBe(entries.length)
        expect((await pagesOf(service.at(path))).flat(), name).toEqual(entries)
        if (name === path && pages.length > 1) long += 1
      }
    // There are two performance dictionaries
    expect(long).toBe(LISTS.length - 1)
  })

  test('PAG-02 the link names the list as it was asked for, with an opaque marker', async () => {
    for (const { path } of LISTS)
      for (const name of namesOf(path)) {
        const next = nextOf((await service.call(service.at(name))).headers, service.url)
        if (path.endsWith('performanceDictionaries')) continue
        const { pathname, searchParams } = new URL(next ?? '', service.url)
        expect([pathname, [...searchParams.keys()]], name).toEqual([service.at(name), ['nextpage_opaque_marker']])
        expect(searchParams.get('nextpage_opaque_marker')).toMatch(/^[A-Za-z0-9_-]{20,}$/)
      }
  })

  test('PAG-02 a marker that was changed, made up or taken from another list is 400', async () => {
    const markers = new Map<string, string>()
    for (const { path } of LISTS) {
      const next = nextOf((await service.call(service.at(path))).headers, service.url) ?? '?'
      const marker = new URLSearchParams(next.slice(next.indexOf('?'))).get('nextpage_opaque_marker')
      if (marker !== null) markers.set(service.at(path), marker)
    }
    expect(markers.size).toBe(LISTS.length - 1)
    for (const [path, own] of markers) {
      const others = [...markers].filter(([other]) => other !== path).map(([, marker]) => marker)
      const changed = `${own[0] === 'A' ? 'B' : 'A'}${own.slice(1)}`
      for (const marker of [...others, changed, own.slice(1), `${own}AAAA`, 'x', '']) {
        const { body } = await service.call(path + query(['nextpage_opaque_marker', marker]))
        expect(body, `${path} ${marker}`).toMatchObject({ status: 400, code: 'INVALID_QUERY' })
      }
      const filtered = query(['nextpage_opaque_marker', own], ['filter', '(neq,name,x)'])
      if (path.endsWith('resourceTypes')) expect((await service.call(path + filtered)).status).toBe(400)
    }
  })

  test('PAG-02 what comes and goes in between moves no page', async () => {
    const kept = await service.all(SUBSCRIPTIONS)
    const first = await service.call(SUBSCRIPTIONS)
    const [gone] = first.body
    await service.call(`${SUBSCRIPTIONS}/${gone.subscriptionId}`, 'DELETE')
    const made = await subscribed(service, 'late')
    const rest = (await pagesOf(nextOf(first.headers, service.url) ?? '')).flat()
    expect([...first.body, ...rest]).toEqual([...kept, made])
  })

  test('PAG-03 hundreds of entries are found page by page, and by a filter', async () => {
    const before = (await service.all(SUBSCRIPTIONS)).length
    for (let from = 0; from < MANY; from += 20)
      await Promise.all(Array.from({ length: 20 }, (_, index) => subscribed(service, `many-${from + index}`)))
    const all = await service.all(SUBSCRIPTIONS)
    expect(all.length).toBe(before + MANY)
    const quarter = await service.all(SUBSCRIPTIONS + query(['filter', '(cont,consumerSubscriptionId,many-1)']))
    expect(quarter).toEqual(
      all.filter(({ consumerSubscriptionId }) => String(consumerSubscriptionId).includes('many-1')),
    )
    expect(quarter.length).toBeGreaterThan(100)
    const one = await service.all(SUBSCRIPTIONS + query(['filter', `(eq,consumerSubscriptionId,many-${MANY - 1})`]))
    expect(one).toHaveLength(1)
  })
})
