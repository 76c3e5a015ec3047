import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FeedEntry } from '../../src/store/store.ts'
import { AlreadyExists, Fenced, MissingReference, StillReferenced, VersionConflict } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { createTestStore, plainConnection, type TestStore } from '../harness/redis.ts'

interface Item {
  text: string
  count?: number
}

let test: TestStore
let nextName = 0

beforeAll(async () => {
  test = await createTestStore()
})
afterAll(() => test.stop())

function items() {
  nextName += 1
  return test.store.collection<Item>(`items${nextName}`)
}

describe('a record', () => {
  it('is read as it was written, with an n that grows with every write', async () => {
    const all = items()
    const one = await all.create('a', { text: 'one "ü" \u0000' })
    expect(one.value).toEqual({ text: 'one "ü" \u0000' })
    expect(await all.get('a')).toEqual(one)
    const two = await all.replace('a', one.n, { text: 'two' })
    expect(two?.value).toEqual({ text: 'two' })
    expect(two?.n).toBeGreaterThan(one.n)
    expect(await all.get('a')).toEqual(two)
    expect(await all.get('b')).toBeUndefined()
    expect(await all.replace('b', one.n, { text: 'x' })).toBeUndefined()
  })

  it('is created once', async () => {
    const all = items()
    const made = await Promise.allSettled(Array.from({ length: 10 }, () => all.create('a', { text: 'x' })))
    expect(made.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    await expect(all.create('a', { text: 'y' })).rejects.toBeInstanceOf(AlreadyExists)
  })

  it('is not replaced by somebody who saw an older one', async () => {
    const all = items()
    const { n } = await all.create('a', { text: 'one' })
    const two = await all.replace('a', n, { text: 'two' })
    await expect(all.replace('a', n, { text: 'three' })).rejects.toBeInstanceOf(VersionConflict)
    await expect(all.remove('a', n)).rejects.toBeInstanceOf(VersionConflict)
    expect(await all.get('a')).toEqual(two)
  })

  it('loses no update of many writers in two processes', async () => {
    const all = items()
    const other = await test.another()
    try {
      const elsewhere = other.collection<Item>(all.name)
      await all.create('a', { text: 'counted', count: 0 })
      const add = (collection: typeof all) =>
        collection.update('a', ({ value }) => ({ value: { ...value, count: (value.count ?? 0) + 1 } }))
      await Promise.all(Array.from({ length: 30 }, (_, i) => add(i % 2 === 0 ? all : elsewhere)))
      expect(await all.get('a')).toMatchObject({ value: { text: 'counted', count: 30 } })
    } finally {
      await other.close()
    }
  })

  it('is left alone when an update has nothing to change, and an update of a missing one resolves undefined', async () => {
    const all = items()
    const made = await all.create('a', { text: 'one' })
    expect(await all.update('a', () => undefined)).toEqual(made)
    expect(await all.update('b', ({ value }) => ({ value }))).toBeUndefined()
  })
})

describe('the fence', () => {
  it('stops a worker whose epoch has passed, whatever n it saw', async () => {
    const all = items()
    await all.create('a', { text: 'one' }, { newEpoch: 1 })
    await all.update('a', ({ value }) => ({ value, alongside: { epoch: 1, newEpoch: 2 } }))
    const late = all.update('a', ({ value }) => ({ value: { ...value, text: 'late' }, alongside: { epoch: 1 } }))
    await expect(late).rejects.toBeInstanceOf(Fenced)
    await expect(all.remove('a', undefined, { epoch: 1 })).rejects.toBeInstanceOf(Fenced)
    const inTime = await all.update('a', () => ({ value: { text: 'in time' }, alongside: { epoch: 2 } }))
    expect(inTime?.value).toEqual({ text: 'in time' })
  })
})

describe('one write', () => {
  it('puts the record, its event under one id in log and feed, and its wish, or nothing of it', async () => {
    const all = items()
    const heard: FeedEntry[] = []
    const stop = test.store.feed.subscribe(
      `${all.name}:a`,
      (entry) => heard.push(entry),
      () => undefined,
    )
    await all.create('a', { text: 'one' }, { events: [{ event: 'made', data: { by: 'test' } }], wish: true })
    const refused = all.replace('a', 7, { text: 'x' }, { events: [{ event: 'never', data: null }], wish: false })
    await expect(refused).rejects.toBeInstanceOf(VersionConflict)
    await all.update('a', () => ({
      value: { text: 'two' },
      alongside: { events: ['x', 'y'].map((event) => ({ event, data: null })) },
    }))

    const log = await all.log('a')
    expect(log.entries.map(({ event }) => event)).toEqual(['made', 'x', 'y'])
    expect(log.last).toBe(log.entries.at(-1)?.id)
    await eventually(() => expect(heard).toHaveLength(3))
    expect(heard).toEqual(log.entries.map((entry) => ({ ...entry, topic: `${all.name}:a` })))
    expect(await all.dueWishes({ limit: 10, againInMs: 60_000 })).toEqual(['a'])
    stop()
  })

  it('leaves no key behind when the record is removed, and its last events reach the feed', async () => {
    const all = items()
    const heard: string[] = []
    const stop = test.store.feed.subscribe(
      `${all.name}:a`,
      ({ event }) => heard.push(event),
      () => undefined,
    )
    const made = { events: [{ event: 'made', data: null }], unique: 'the one', wish: true }
    const { n } = await all.create('a', { text: 'one' }, made)
    expect(await all.remove('a', n, { events: [{ event: 'gone', data: null }] })).toBe(true)
    expect(await all.remove('a')).toBe(false)
    await eventually(() => expect(heard).toEqual(['made', 'gone']))
    const redis = plainConnection(test.redis)
    const left = (await redis.keys('*')).filter((key) => key.includes(`:${all.name}`))
    redis.disconnect()
    expect(left.sort()).toEqual([`{o2ims}:sequence:${all.name}`, `{o2ims}:version:${all.name}`])
    stop()
  })
})

describe('references', () => {
  it('must exist, and keep what they name from being removed', async () => {
    const [clouds, requests] = [items(), items()]
    const cloud = { collection: clouds.name, id: 'c:1' }
    const early = requests.create('r', { text: 'r' }, { references: [cloud] })
    await expect(early).rejects.toMatchObject({ reference: cloud })
    await expect(early).rejects.toBeInstanceOf(MissingReference)
    expect(await requests.get('r')).toBeUndefined()

    await clouds.create('c:1', { text: 'c' })
    await requests.create('r', { text: 'r' }, { references: [cloud] })
    expect(await clouds.referencedBy('c:1')).toEqual([`${requests.name}:r`])
    await expect(clouds.remove('c:1')).rejects.toMatchObject({ by: [`${requests.name}:r`] })
    await expect(clouds.remove('c:1')).rejects.toBeInstanceOf(StillReferenced)
  })

  it('are replaced as a whole, kept when a write does not speak of them, and end with the record', async () => {
    const [clouds, requests] = [items(), items()]
    const to = (id: string) => ({ collection: clouds.name, id })
    for (const id of ['a', 'b', 'c']) await clouds.create(id, { text: id })
    await requests.create('r', { text: 'r' }, { references: [to('a'), to('b')] })
    await requests.update('r', () => ({ value: { text: 'r' }, alongside: { references: [to('b'), to('c')] } }))
    await requests.update('r', () => ({ value: { text: 's' } }))
    expect(await clouds.remove('a')).toBe(true)
    await expect(clouds.remove('b')).rejects.toBeInstanceOf(StillReferenced)
    await requests.remove('r')
    expect(await clouds.remove('b')).toBe(true)
    expect(await clouds.remove('c')).toBe(true)
  })

  it('to itself do not keep a record from being removed', async () => {
    const all = items()
    await all.create('a', { text: 'a' })
    await all.update('a', () => ({
      value: { text: 'a' },
      alongside: { references: [{ collection: all.name, id: 'a' }] },
    }))
    expect(await all.remove('a')).toBe(true)
  })
})

describe('a unique key', () => {
  it('belongs to one record, moves with it and is free when it is gone', async () => {
    const all = items()
    await all.create('a', { text: 'a' }, { unique: 'edge-1' })
    await expect(all.create('b', { text: 'b' }, { unique: 'edge-1' })).rejects.toBeInstanceOf(AlreadyExists)
    await all.create('b', { text: 'b' }, { unique: 'edge-2' })
    await expect(
      all.update('b', () => ({ value: { text: 'b' }, alongside: { unique: 'edge-1' } })),
    ).rejects.toBeInstanceOf(AlreadyExists)
    await all.update('a', () => ({ value: { text: 'a' }, alongside: { unique: 'edge-3' } }))
    expect(await all.findUnique('edge-1')).toBeUndefined()
    expect(await all.findUnique('edge-3')).toBe('a')
    await all.remove('a')
    await all.update('b', () => ({ value: { text: 'b' }, alongside: { unique: 'edge-3' } }))
    expect(await all.findUnique('edge-3')).toBe('b')
  })
})

describe('a wish', () => {
  it('is seen by one sweeper, comes again later, sooner when woken, and ends when done', async () => {
    const all = items()
    for (const id of ['a', 'b']) await all.create(id, { text: id }, { wish: true })
    await all.create('c', { text: 'c' })
    const sweeps = await Promise.all([1, 2, 3].map(() => all.dueWishes({ limit: 10, againInMs: 60_000 })))
    expect(sweeps.flat().sort()).toEqual(['a', 'b'])
    await all.wakeWish('b')
    await all.wakeWish('c')
    expect(await all.dueWishes({ limit: 10, againInMs: 50 })).toEqual(['b'])
    await eventually(async () => expect(await all.dueWishes({ limit: 10, againInMs: 60_000 })).toEqual(['b']))
    await all.update('b', () => ({ value: { text: 'b' }, alongside: { wish: false } }))
    await all.wakeWish('b')
    expect(await all.dueWishes({ limit: 10, againInMs: 60_000 })).toEqual([])
  })
})
