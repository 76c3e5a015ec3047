import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { needs } from '../harness/needs.ts'
import { referenceMatches } from '../query/reference.ts'
import type { Asked } from '../query/things.ts'
import { type AttributePath, attributesOf, leavesOf, written } from './attributes.ts'
import { query, type Service, startConformingService, subscribed, workload } from './service.ts'
import { INVENTORY, LIST_PARAMETERS, LISTS, namesOf, PROVISIONING } from './tables.ts'

const REQUESTS = `${PROVISIONING}/provisioningRequests`
const SUBSCRIPTIONS = `${INVENTORY}/subscriptions`

describe('filters', needs('redis'), () => {
  let service: Service
  beforeAll(async () => {
    service = await startConformingService({ entries: 3 })
  })
  afterAll(() => service?.stop())

  const filtered = (path: string, ...filters: string[]) =>
    service.call(service.at(path) + query(...filters.map((filter): [string, string] => ['filter', filter])))

  /** What every list of every API and of the front door takes a filter for. */
  function everyList(): { path: string; id: string }[] {
    const front = [
      { path: '/o2ims/v1/ocloud', id: 'oCloudId' },
      { path: '/o2ims/v1/templates', id: 'name' },
      { path: '/o2ims/v1/subscriptions', id: 'subscriptionId' },
      { path: '/o2ims/v1/provisioningRequests', id: 'provisioningRequestData/provisioningRequestId' },
    ]
    return [...LISTS, ...front]
  }
  const valueIn = (entry: JsonObject, path: string) => String(leavesOf(entry).find((leaf) => leaf.path === path)?.value)

  /** An expression that such an attribute takes. */
  function fitting({ path, kind, values }: AttributePath): string {
    if (kind === 'date-time') return `(gte,${path},2020-01-01T00:00:00Z)`
    if (kind === 'number') return `(lt,${path},7)`
    if (kind === 'boolean') return `(eq,${path},true)`
    return `(eq,${path},${kind === 'enum' ? values[0] : 'x'})`
  }

  test('FLT-01 no list of the contract is left out here, and each takes what SOL 013 has for lists', () => {
    const lists = Object.entries(service.contract.document.paths).filter(
      ([, { get }]) => get?.responses['200']?.content?.['application/json']?.schema.type === 'array',
    )
    const empty = '/o2ims/v1/subscriptions/{subscriptionId}/deadLetters'
    expect(lists.map(([path]) => path).sort()).toEqual([...everyList().map(({ path }) => path), empty].sort())
    for (const [path, { get }] of lists)
      expect(
        get?.parameters?.map(({ name }) => name),
        path,
      ).toEqual(expect.arrayContaining(LIST_PARAMETERS))
  })

  test('FLT-01 every list takes a filter, under each of its names, and answers what matches', async () => {
    for (const { path, id } of everyList()) {
      const all = await service.all(service.at(path))
      const [first = {}] = all
      for (const name of namesOf(path)) {
        const { status, body } = await filtered(name, `(eq,${id},${valueIn(first, id)})`)
        expect([status, body.every((entry: JsonObject) => valueIn(entry, id) === valueIn(first, id))]).toEqual([
          200,
          true,
        ])
        expect(body, name).toContainEqual(first)
        if (all.length > 1) expect(body.length, name).toBeLessThan(all.length)
      }
    }
  })

  test('FLT-02 every attribute of the type, however deep, can stand in a filter', async () => {
    let tried = 0
    for (const { path } of LISTS)
      for (const attribute of attributesOf(service.contract.document, path)) {
        if (attribute.kind === 'structure') continue
        const { status, body } = await filtered(path, fitting(attribute))
        expect(status, `${path} ${fitting(attribute)}: ${JSON.stringify(body)}`).toBe(200)
        tried += 1
      }
    expect(tried).toBeGreaterThan(100)
  })

  test('FLT-02 every value that an entry has, entries of maps included, finds it', async () => {
    const dates = /^(provisioningRequestData\/templateParameters|status\/updateTime)/
    let tried = 0
    for (const { path, id } of LISTS) {
      const [entry = {}] = await service.all(service.at(path) + query(['all_fields']))
      for (const leaf of leavesOf(entry)) {
        const operator = dates.test(leaf.path) && /^\d{4}-\d\d-\d\dT/.test(String(leaf.value)) ? 'gte' : 'eq'
        const { body } = await filtered(path, `(${operator},${leaf.path},${written(leaf.value)})`)
        const found = Array.isArray(body) ? body.map((one: JsonObject) => valueIn(one, id)) : body
        expect(found, `${path} ${leaf.path} ${leaf.value}`).toContain(valueIn(entry, id))
        tried += 1
      }
    }
    expect(tried).toBeGreaterThan(300)
  })

  test('FLT-03 each of the ten operators finds what a plain evaluator finds, alone and with others after ;', async () => {
    const operators = ['eq', 'neq', 'gt', 'lt', 'gte', 'lte', 'in', 'nin', 'cont', 'ncont'] as const
    const telling = new Set<string>()
    for (const [path, attributes] of [
      [`${INVENTORY}/resourceTypes`, ['name', 'model', 'vendor', 'extensions/category']],
      [`${INVENTORY}/alarmDictionaries`, ['entityType', 'probableCauses/probableCauseCode']],
      [`${INVENTORY}/resourcePools`, ['name', 'oCloudSiteId', 'extensions/pool']],
    ] as const) {
      const all = await service.all(service.at(path))
      for (const attribute of attributes) {
        const values = [
          ...new Set(
            all.flatMap((entry) => leavesOf(entry)).flatMap((leaf) => (leaf.path === attribute ? [leaf.value] : [])),
          ),
        ]
        const [first = '', second = ''] = values.map(String).sort().slice(1)
        for (const operator of operators) {
          const asked = (value: string[]): Asked => ({
            operator,
            path: attribute.split('/'),
            values: value,
            kind: 'string',
          })
          const one = operator.startsWith('c') || operator === 'ncont' ? [first.slice(2, 6)] : [first]
          const several = ['in', 'nin', 'cont', 'ncont'].includes(operator) ? [...one, second] : one
          for (const expressions of [
            [asked(one)],
            [asked(several)],
            [asked(one), { ...asked(['x']), operator: 'neq' as const }],
            [asked(one), { ...asked([second]), operator: 'lte' as const }],
          ]) {
            const filter = expressions.map(
              ({ operator: op, path: at, values: words }) => `(${[op, at.join('/'), ...words.map(written)].join()})`,
            )
            const expected = all.filter((entry) => referenceMatches([expressions], entry))
            expect((await filtered(path, filter.join(';'))).body, filter.join(';')).toEqual(expected)
            if (expected.length > 0 && expected.length < all.length) telling.add(operator)
          }
        }
      }
    }
    expect([...telling].sort()).toEqual([...operators].sort())
  })

  test('FLT-04 each type of attribute takes its own operators and no others', async () => {
    const { document } = service.contract
    const taken = {
      string: ['eq', 'neq', 'in', 'nin', 'gt', 'gte', 'lt', 'lte', 'cont', 'ncont'],
      number: ['eq', 'neq', 'in', 'nin', 'gt', 'gte', 'lt', 'lte'],
      'date-time': ['gt', 'gte', 'lt', 'lte'],
      enum: ['eq', 'neq', 'in', 'nin'],
      boolean: ['eq', 'neq'],
    }
    const values = { string: 'x', number: '7', 'date-time': '2020-01-01T00:00:00Z', enum: '', boolean: 'true' }
    const seen = new Set<string>()
    for (const path of [...LISTS.map((list) => list.path), '/o2ims/v1/ocloud'])
      for (const { path: attribute, kind, values: enumerated } of attributesOf(document, path)) {
        if (kind === 'structure' || seen.has(`${kind} ${path}`)) continue
        seen.add(`${kind} ${path}`).add(kind)
        const value = kind === 'enum' ? enumerated[0] : values[kind]
        for (const operator of taken.string) {
          const { status } = await filtered(path, `(${operator},${attribute},${value})`)
          expect(status, `${path} ${operator} ${kind} ${attribute}`).toBe(taken[kind].includes(operator) ? 200 : 400)
        }
      }
    expect(Object.keys(taken).filter((kind) => !seen.has(kind))).toEqual([])
  })

  test('FLT-04 expressions with the same prefix are about the same element of an array', async () => {
    const path = `${INVENTORY}/alarmDictionaries`
    const [dictionary] = await service.all(path)
    const [one, other] = leavesOf(dictionary ?? {}).filter(({ path: at }) => at === 'probableCauses/probableCauseCode')
    const texts = leavesOf(dictionary ?? {}).filter(({ path: at }) => at === 'probableCauses/probableCauseDescription')
    const code = `(eq,probableCauses/probableCauseCode,${one?.value})`
    const words = (index: number) =>
      `(eq,probableCauses/probableCauseDescription,${written(texts[index]?.value ?? '')})`
    expect((await filtered(path, `${code};${words(0)}`)).body).toContainEqual(dictionary)
    expect((await filtered(path, `${code};${words(1)}`)).body).toEqual([])
    expect((await filtered(path, code, words(1))).body).toContainEqual(dictionary)
    const both = `(eq,probableCauses/probableCauseCode,${other?.value})`
    expect((await filtered(path, `${code};${both}`)).body).toEqual([])
  })

  test('FLT-04 @key stands for the keys of a map, and names and values are escaped', async () => {
    const managers = `${INVENTORY}/deploymentManagers`
    expect((await filtered(managers, '(eq,extensions/labels/@key,capability)')).body).toHaveLength(1)
    expect((await filtered(managers, '(in,extensions/labels/@key,capability,site)')).body.length).toBeGreaterThan(1)
    expect((await filtered(managers, '(eq,extensions/labels/@key,none)')).body).toEqual([])

    const odd = `it's (7), "8"; ~0/@`
    await subscribed(service, odd)
    const found = await filtered(SUBSCRIPTIONS, `(eq,consumerSubscriptionId,'${odd.replace("'", "''")}')`)
    expect(found.body).toMatchObject([{ consumerSubscriptionId: odd }])

    const templateParameters = {
      oCloud: 'sim-edge-1',
      namespace: 'ran-odd',
      values: { 'a/b': { 'c,d': { 'e@f~g': 'x' } } },
    }
    const posted = await service.call(REQUESTS, 'POST', workload('odd', { templateParameters }))
    expect(posted.status, JSON.stringify(posted.body)).toBe(201)
    const path = 'provisioningRequestData/templateParameters/values/a~1b/c~ad/e~bf~0g'
    expect((await filtered(REQUESTS, `(eq,${path},x)`)).body).toMatchObject([
      { provisioningRequestData: { provisioningRequestId: 'odd' } },
    ])
  })

  test('FLT-05 a filter that is wrong is 400 on every list, and the detail says what was expected and where', async () => {
    const wrong = [
      'name',
      '(eq,name)',
      '(is,name,x)',
      '(eq,name,x',
      '(eq,name,x,y)',
      `(eq,name,'x)`,
      '(eq,noSuchThing,x)',
      '(eq,,x)',
      ';',
      '(eq,name,x)(eq,name,y)',
    ]
    for (const { path } of everyList())
      for (const filter of wrong) {
        const { body } = await filtered(path, filter)
        expect(body, `${path} ${filter}`).toMatchObject({
          status: 400,
          code: 'INVALID_QUERY',
          detail: expect.stringMatching(/expected .*/),
          errors: [{ pointer: expect.stringContaining('/filter'), message: expect.stringMatching(/\d/) }],
        })
      }
    const twice = await filtered(`${INVENTORY}/resourceTypes`, '(eq,name,x)', '(eq,noSuchThing,x)')
    expect(twice.body).toMatchObject({ status: 400, detail: expect.stringContaining('noSuchThing') })
  })

  test('FLT-06 a structure in the place of a value is 400 and is named', async () => {
    let tried = 0
    for (const { path } of LISTS)
      for (const { path: attribute, kind } of attributesOf(service.contract.document, path)) {
        if (kind !== 'structure') continue
        const { body } = await filtered(path, `(eq,${attribute},x)`)
        const name = attribute.split('/').at(-1) ?? ''
        expect(body, `${path} ${attribute}`).toMatchObject({ status: 400, detail: expect.stringContaining(name) })
        tried += 1
      }
    expect(tried).toBeGreaterThan(20)
  })

  test('FLT-07 lists can be filtered by names, ids, metadata and status', async () => {
    const resources = service.at(`${INVENTORY}/resourcePools/{resourcePoolId}/resources`)
    const pool = service.ids.resourcePoolId
    for (const [path, filter, holds] of [
      [`${INVENTORY}/deploymentManagers`, '(eq,name,sim-edge-2)', 'sim-edge-2'],
      [`${INVENTORY}/resourcePools`, `(eq,resourcePoolId,${pool})`, pool],
      [`${INVENTORY}/deploymentManagers`, '(eq,extensions/labels/environment,smo)', 'sim-smo'],
      [resources, '(eq,tags,kubernetes.io/os=linux)', 'kubernetes.io/os=linux'],
      [resources, '(eq,extensions/conditions/Ready,True)', 'Ready'],
      [
        REQUESTS,
        '(eq,status/provisioningPhase,FULFILLED);(eq,provisioningRequestData/provisioningRequestId,second)',
        'second',
      ],
      ['/o2ims/v1/subscriptions', '(eq,health/state,OK)', 'OK'],
      ['/o2ims/v1/ocloud', '(eq,status/reachable,true)', 'true'],
    ] as const) {
      const { body } = await filtered(path, filter)
      expect(body.length, filter).toBeGreaterThan(0)
      for (const entry of body) expect(JSON.stringify(entry), filter).toContain(holds)
    }
    const others = await filtered(REQUESTS, '(neq,status/provisioningPhase,FULFILLED)')
    expect(others.status).toBe(200)
    expect(others.body.map(({ status }: { status: JsonObject }) => status.provisioningPhase)).not.toContain('FULFILLED')
  })

  test('FLT-08 a filter that nothing matches is an empty list on every one', async () => {
    for (const { path, id } of everyList())
      for (const name of namesOf(path)) {
        const { status, body } = await filtered(name, `(eq,${id},no-such-thing)`)
        expect([status, body], name).toEqual([200, []])
      }
  })
})
