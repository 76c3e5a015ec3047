import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collection } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'

describe('the lines and texts beside a record', needs('redis'), () => {
  let testStore: TestStore
  let collection: Collection<object>
  beforeAll(async () => {
    testStore = await createTestStore()
    collection = testStore.store.collection('things')
  })
  afterAll(() => testStore?.stop())

  it('come back in order, those of a write too, and after a position', async () => {
    await collection.create('a', {}, { lines: ['made'] })
    expect(await collection.appendLines('a', ['one', 'two'])).toBe(true)
    await collection.update('a', () => ({
      value: {},
      alongside: { lines: ['a "quote", ünicode, a\nbreak and \ud83d'] },
    }))
    const { gone, lines } = await collection.lines('a')
    expect(gone).toBe(0)
    expect(lines.slice(0, 3)).toEqual(['made', 'one', 'two'])
    expect(lines[3]).toMatch(/^a "quote", ünicode, a\nbreak/)
    expect((await collection.lines('a', 2)).lines).toHaveLength(2)
    expect((await collection.lines('a', 9)).lines).toEqual([])
  })

  it('lose the oldest where there are too many, and count them', async () => {
    await collection.create('many', {})
    for (let from = 0; from < 2100; from += 100)
      await collection.appendLines(
        'many',
        Array.from({ length: 100 }, (_, index) => `line ${from + index}`),
      )
    const { gone, lines } = await collection.lines('many')
    expect([gone, lines.length, lines[0]]).toEqual([100, 2000, 'line 100'])
    expect((await collection.lines('many', 2098)).lines).toEqual(['line 2098', 'line 2099'])
    expect((await collection.lines('many', 5)).lines).toHaveLength(2000)
  })

  it('lose the oldest where they are too long', async () => {
    await collection.create('long', {})
    for (const letter of ['a', 'b', 'c', 'd', 'e']) await collection.appendLines('long', [letter.repeat(60_000)])
    const { gone, lines } = await collection.lines('long')
    expect([gone, lines.map((line) => line[0])]).toEqual([1, ['b', 'c', 'd', 'e']])
    await collection.appendLines('long', ['x'.repeat(300_000)])
    expect(await collection.lines('long')).toMatchObject({ gone: 5, lines: [expect.any(String)] })
  })

  it('are told on the feed', async () => {
    const told: string[] = []
    const stop = testStore.store.feed.subscribe(
      'things:a:lines',
      ({ event }) => told.push(event),
      () => undefined,
    )
    await collection.appendLines('a', ['three'])
    await eventually(() => expect(told).toEqual(['lines']))
    stop()
  })

  it('go with the record, and none are kept without one', async () => {
    await collection.attach('a', 'note', 'a text')
    expect(await collection.attachment('a', 'note')).toBe('a text')
    expect(await collection.attachment('a', 'other')).toBeUndefined()
    expect((await collection.get('a'))?.value).toEqual({})
    await collection.remove('a')
    expect(await collection.lines('a')).toEqual({ gone: 0, lines: [] })
    expect(await collection.attachment('a', 'note')).toBeUndefined()
    expect(await collection.appendLines('a', ['late'])).toBe(false)
    expect(await collection.attach('a', 'note', 'late')).toBe(false)
    await collection.create('a', {})
    expect(await collection.lines('a')).toEqual({ gone: 0, lines: [] })
  })

  it('of an earlier record reach no later one of the same id', async () => {
    await collection.create('again', {}, { incarnation: 'first' })
    expect(await collection.appendLines('again', ['early'], 'first')).toBe(true)
    await collection.remove('again')
    await collection.create('again', {}, { incarnation: 'second' })
    expect(await collection.appendLines('again', ['late'], 'first')).toBe(false)
    expect(await collection.attach('again', 'note', 'late', 'first')).toBe(false)
    expect(await collection.appendLines('again', ['own'], 'second')).toBe(true)
    expect(await collection.attach('again', 'note', 'own', 'second')).toBe(true)
    expect(await collection.lines('again')).toEqual({ gone: 0, lines: ['own'] })
    expect(await collection.attachment('again', 'note')).toBe('own')
  })
})
