import { get } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createHttpApp } from '../../src/http/app.ts'
import { createEventStreams } from '../../src/http/event-stream.ts'
import { listQuery } from '../../src/http/list-query.ts'
import { type ListSource, type StoredRecords, storedSource } from '../../src/http/list-source.ts'
import { createLists, type List } from '../../src/http/lists.ts'
import { createMarkers } from '../../src/http/marker.ts'
import { openApiDocument } from '../../src/http/openapi.ts'
import { noBody, type Operation, operation } from '../../src/http/operation.ts'
import { createPacer } from '../../src/http/pacer.ts'
import { queryTypeOf } from '../../src/query/query-type.ts'
import type { Scan } from '../../src/store/scan-types.ts'
import type { Collection } from '../../src/store/store.ts'
import { call } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'

const machineSchema = z.strictObject({
  id: z.string(),
  rack: z.string(),
  alarms: z.array(z.strictObject({ code: z.int(), notes: z.array(z.string()).optional() })),
  tags: z.array(z.string()).optional(),
  extensions: z.record(z.string(), z.unknown()).optional(),
})
type Machine = z.output<typeof machineSchema>

/** Records that are stored as they are sent, in two lists and under an alias, with pages of 10. */
describe('a list of stored records', needs('redis'), () => {
  let store: TestStore
  let machines: Collection<Machine>
  let url: string
  let close: () => Promise<void>
  const scans: Scan[] = []
  let looked = 0

  beforeAll(async () => {
    store = await createTestStore()
    machines = store.store.collection<Machine>('machine')
    for (let n = 0; n < 60; n += 1) await add(n)
    const records: StoredRecords = {
      ...machines,
      scan(asked) {
        scans.push(asked)
        return machines.scan(asked)
      },
    }
    const type = queryTypeOf(machineSchema)
    const list = {
      path: '/machines',
      type,
      source: storedSource(() => records, ['rack']),
      excludedByDefault: ['alarms'],
    }
    ;({ url, close } = await serve([
      list,
      { ...list, path: '/others' },
      {
        ...list,
        path: '/rack',
        source: storedSource(() => records, ['id', 'rack'], { attribute: 'rack', value: 'r1' }),
      },
      {
        path: '/endless',
        type,
        source: endless(() => {
          looked += 1
        }),
      },
    ]))
  })
  afterAll(async () => {
    await close?.()
    await store?.stop()
  })

  async function add(n: number): Promise<void> {
    const id = `m${n}`
    const rack = `r${n % 3}`
    const extensions = { gpu: { count: n % 4 }, 'a/b': n % 2 === 0 }
    const machine = { id, rack, alarms: [{ code: n, notes: ['x'] }], tags: ['t', id], extensions }
    await machines.create(id, machine, { indexes: { rack: [rack], id: [id] } })
  }

  const ids = (body: Machine[]) => body.map(({ id }) => id)
  const numbers = (from: number, to: number, where: (n: number) => boolean) =>
    Array.from({ length: to - from }, (_, index) => from + index)
      .filter(where)
      .map((n) => `m${n}`)

  async function walk(path: string, between: (page: number) => Promise<unknown> = async () => undefined) {
    const pages: string[][] = []
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, body, headers } = await call(url + next)
      expect([status, body.detail]).toEqual([200, undefined])
      pages.push(ids(body))
      next = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
      await between(pages.length)
    }
    return pages
  }

  test('sends what is stored, character by character', async () => {
    const text = (await machines.scan({ limit: 1, examine: 1 })).rows[0]?.text
    const answer = await fetch(`${url}/machines?all_fields&filter=(eq,id,m0)`)
    expect([await answer.text(), answer.headers.get('content-type')]).toEqual([
      `[${text}]`,
      'application/json; charset=utf-8',
    ])
    expect((await call(`${url}/machines?filter=(eq,id,nobody)`)).body).toEqual([])
  })

  test('comes in pages of the size that is set, the last of them without a link', async () => {
    expect((await walk('/machines')).map(({ length }) => length)).toEqual(Array(6).fill(10))
    expect((await walk('/machines')).flat()).toEqual(numbers(0, 60, () => true))
  })

  test('has full pages of what matches, and the link carries the whole query', async () => {
    const filter = '(eq,extensions/gpu/count,1);(neq,id,m1)&filter=(eq,extensions/a~1b,false)'
    expect(await walk(`/machines?filter=${filter}&fields=tags&exclude_default`)).toEqual([
      numbers(2, 45, (n) => n % 4 === 1),
      numbers(45, 60, (n) => n % 4 === 1),
    ])
    const { headers, body } = await call(`${url}/machines?filter=${filter}&fields=tags`)
    const next = new URL(headers.get('link')?.slice(1).split('>')[0] ?? '', url)
    expect([next.searchParams.getAll('filter'), next.searchParams.get('fields')]).toEqual([
      ['(eq,extensions/gpu/count,1);(neq,id,m1)', '(eq,extensions/a~1b,false)'],
      'tags',
    ])
    expect(headers.get('link')).toMatch(/^<[^;,]+>; rel="next"$/)
    expect(body[0]).toEqual({ id: 'm5', rack: 'r2', tags: ['t', 'm5'] })
  })

  test('can be walked with the largest filter that is taken, also by a client that takes no large headers', async () => {
    const filter = Array(465).fill('(neq,id,x)').join(';')
    expect((await walk(`/machines?filter=${filter}`)).flat()).toHaveLength(60)
    const { headers } = await call(`${url}/machines?filter=${filter}`)
    expect(headers.get('link')?.length).toBeLessThan(8_192)
  })

  test('leaves the search for an indexed value and for literals to Redis', async () => {
    scans.length = 0
    expect(ids((await call(`${url}/machines?filter=(in,rack,r1,r2);(eq,id,m4)`)).body)).toEqual(['m4'])
    expect(scans[0]).toMatchObject({
      where: { attribute: 'rack', values: ['r1', 'r2'] },
      containing: [['"rack":"r1"', '"rack":"r2"'], ['"id":"m4"']],
    })
  })

  test('asks an index alone where that answers the filter, and the narrowest of several', async () => {
    scans.length = 0
    expect(ids((await call(`${url}/machines?filter=(eq,rack,r2)`)).body).length).toBe(10)
    expect(ids((await call(`${url}/rack?filter=(eq,id,m4)`)).body)).toEqual(['m4'])
    expect(ids((await call(`${url}/rack?filter=(eq,id,m5)`)).body)).toEqual([])
    expect(ids((await call(`${url}/rack?filter=(eq,extensions/gpu/count,3)`)).body)).toEqual(
      numbers(0, 60, (n) => n % 12 === 7),
    )
    expect(scans.map(({ where, containing }) => [where?.attribute, containing?.length !== 0])).toEqual([
      ['rack', false],
      ['id', false],
      ['id', false],
      ['rack', true],
    ])
  })

  test('answers a page that it has answered before without reading it again, until something is written', async () => {
    const page = `${url}/machines?filter=(eq,tags,m9)`
    const { body } = await call(page)
    scans.length = 0
    expect((await call(page)).body).toEqual(body)
    expect(scans).toEqual([])
    await machines.update('m9', ({ value }) => ({ value: { ...value, tags: ['t', 'm9', 'new'] } }))
    expect((await call(page)).body[0].tags).toEqual(['t', 'm9', 'new'])
  })

  test('leaves out what it excludes by default, and sends it when it is asked for', async () => {
    const one = async (query: string) => (await call(`${url}/machines?filter=(eq,id,m7)${query}`)).body[0]
    const whole = (await machines.get('m7'))?.value
    const { alarms, ...rest } = { ...whole }
    expect(await one('')).toEqual(rest)
    expect(await one('&exclude_default')).toEqual(rest)
    expect(await one('&all_fields=true')).toEqual(whole)
    expect(await one('&exclude_default&fields=alarms')).toEqual(whole)
    expect(await one('&exclude_fields=alarms/notes,extensions/gpu,tags')).toEqual({
      id: 'm7',
      rack: 'r1',
      alarms: [{ code: 7 }],
      extensions: { 'a/b': false },
    })
  })

  test('neither repeats nor loses what was there all the time, while records come and go', async () => {
    const pages = await walk('/machines?filter=(eq,rack,r0)', async (page) => {
      await machines.remove(page === 1 ? 'm27' : 'm0')
      await machines.remove(page === 1 ? 'm30' : 'm3')
      await add(60 + 3 * page)
    })
    expect(pages.flat()).toEqual([...numbers(0, 60, (n) => n % 3 === 0 && n !== 30), 'm63'])
  })

  test('takes a marker with its own filter only, whatever else is asked', async () => {
    const query = 'filter=(eq,rack,r1)'
    const { headers } = await call(`${url}/machines?${query}`)
    const marker = /nextpage_opaque_marker=([^>]+)/.exec(headers.get('link') ?? '')?.[1]
    const status = async (list: string, with_: string) =>
      (await call(`${url}/${list}?${with_}&nextpage_opaque_marker=${marker}`)).status
    expect(await status('machines', query)).toBe(200)
    expect(await status('machines', `${query}&all_fields&filter=`)).toBe(200)
    expect(await status('machines', 'filter=(eq,rack,r2)')).toBe(400)
    expect(await status('machines', `${query}&filter=(eq,rack,r1)`)).toBe(400)
    expect(await status('machines', 'all_fields')).toBe(400)
    expect(await status('others', query)).toBe(400)
    const other = await serve([{ path: '/machines', type: queryTypeOf(machineSchema), source: endless() }])
    const answer = await call(`${other.url}/machines?${query}&nextpage_opaque_marker=${marker}`)
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '/nextpage_opaque_marker'])
    await other.close()
  })

  test.each([
    [
      'filter=(eq,rak,r1)',
      '/filter',
      /^at character 5: expected one of id, rack, alarms, .*: there is no attribute 'rak' here$/,
    ],
    ['filter=(eq,rack,r1)&filter=(eq,rack', '/filter/1', /^at character 9: expected a comma and a value$/],
    ['filter=(eq,rack,%E9)', '/filter', /^at character 10 as it was sent: expected % only before/],
    ['filter=(eq,rack,%)', '/filter', /^at character 10 as it was sent/],
    ['fields=tgs', '/fields', /^at character 1: expected an attribute: there is no 'tgs' here$/],
    ['exclude_fields=rack', '/exclude_fields', /'rack' is always sent$/],
    ['all_fields&fields=tags', '/fields', /^expected no fields together with all_fields$/],
    ['all_fields=false', '/all_fields', /^takes no value$/],
    [
      `filter=${'(eq,rack,r1);'.repeat(1_500)}(eq,id,m1)`,
      '/filter',
      /^at character 16385: expected at most 16384 characters$/,
    ],
    [`filter=(eq,rack,${'x'.repeat(100_000)})`, '/filter', /^at character 16385: expected at most 16384 characters$/],
    [`filter=${Array(800).fill('(eq,id,x)').join(';')}`, '/filter', /^expected at most 8000 bytes .* these are 12/],
    [`fields=tags&filter=(eq,id,${'é'.repeat(1_500)})`, '/filter', /^expected at most 8000 bytes/],
    ['Filter=(eq,rack,r1)', '/Filter', /^is not known here$/],
  ])('answers 400 and says where: %s', async (query, pointer, message) => {
    const { status, body } = await call(`${url}/machines?${query}`)
    expect([status, body.code, body.errors]).toEqual([
      400,
      'INVALID_QUERY',
      [{ pointer, message: expect.stringMatching(message) }],
    ])
  })

  test('stops looking when the client has gone, and lets others have their turn before', async () => {
    const request = get(`${url}/endless?filter=(eq,id,nobody)`)
    request.on('error', () => undefined)
    await eventually(() => expect(looked).toBeGreaterThan(10))
    expect((await call(`${url}/machines`)).status).toBe(200)
    request.destroy()
    await eventually(async () => {
      const before = looked
      await setTimeout(50)
      expect(looked).toBe(before)
    })
  })
})

test('long work is told to rest after a while, and others run while it rests', async () => {
  const pacer = createPacer()
  expect(pacer.isDue()).toBe(false)
  for (const start = performance.now(); performance.now() - start < 15; );
  expect(pacer.isDue()).toBe(true)
  const ran: string[] = []
  setImmediate(() => ran.push('another'))
  await pacer.rest()
  expect([ran, pacer.isDue()]).toEqual([['another'], false])
})

/** Entries without an end, none of which is stored. */
function endless(onLook: () => void = () => undefined): ListSource {
  return {
    async *looks() {
      for (let position = 0; ; position += 1) {
        onLook()
        await setTimeout(1)
        yield [{ position, isMatch: false, value: () => ({ id: 'x' }) }]
      }
    },
  }
}

async function serve(all: List[]): Promise<{ url: string; close: () => Promise<void> }> {
  const lists = createLists({ markers: createMarkers(crypto.randomUUID()), pageSize: 10 })
  const operations = all.map((list): Operation => {
    return operation({
      method: 'GET',
      path: list.path,
      operationId: `list${list.path.slice(1)}`,
      tag: 'Machines',
      summary: 'All of them',
      params: z.strictObject({}),
      query: listQuery('(eq,rack,r1)'),
      body: noBody,
      answers: { 200: { description: 'One page.', body: machineSchema.array() } },
      handle: ({ query, request }) => lists.answer(list, query, request),
    })
  })
  const streams = createEventStreams({ heartbeatSeconds: 15, max: 1 })
  const app = await createHttpApp({
    operations,
    versioned: [],
    document: () => openApiDocument(operations, {}, []),
    streams,
    log: silentLog(),
    settings: {},
  })
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
}
