import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasGap } from '../../src/store/record-log.ts'
import type { LogEntry } from '../../src/store/store.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'

let test: TestStore

beforeAll(async () => {
  test = await createTestStore()
})
afterAll(() => test.stop())

const named = (...names: string[]): LogEntry[] => names.map((event) => ({ event, data: { of: event } }))

describe('the log of a record', () => {
  it('is read from the start, or after an id that it gave', async () => {
    const all = test.store.collection<string>('read')
    await all.create('a', 'a', { events: named('one', 'two', 'three') })
    const whole = await all.log('a')
    expect(whole).toMatchObject({ gap: false, entries: named('one', 'two', 'three') })
    expect(await all.log('a', whole.entries[0]?.id)).toMatchObject({ gap: false, entries: named('two', 'three') })
    expect(await all.log('a', whole.last)).toEqual({ entries: [], gap: false, last: whole.last })
    expect(await all.log('nobody')).toEqual({ entries: [], gap: false, last: undefined })
  })

  it('says that there is a gap after an id that was trimmed, and keeps about a thousand entries', async () => {
    const all = test.store.collection<string>('trimmed')
    await all.create('a', 'a', { events: named('first') })
    const early = (await all.log('a')).last
    const many = named(...Array.from({ length: 700 }, (_, i) => `e${i}`))
    for (const value of ['b', 'c']) await all.update('a', () => ({ value, alongside: { events: many } }))
    const { entries, gap, last } = await all.log('a', early)
    expect(gap).toBe(true)
    expect(entries.length).toBeGreaterThanOrEqual(1000)
    expect(entries.length).toBeLessThan(1200)
    expect(entries.at(-1)).toMatchObject({ event: 'e699', id: last })
    expect((await all.log('a', entries[0]?.id)).gap).toBe(false)
  })

  it('says that there is a gap after an id of an earlier record of that name, of a lost store, and after nonsense', async () => {
    const all = test.store.collection<string>('again')
    await all.create('a', 'a', { events: named('old') })
    const old = (await all.log('a')).last
    await all.remove('a')
    await all.create('a', 'a', { events: named('new') })
    expect(await all.log('a', old)).toMatchObject({ gap: true, entries: named('new') })
    expect(await all.log('a', '9999999999999-0')).toMatchObject({ gap: true, entries: [] })
    expect(await all.log('a', 'x; DEL y')).toMatchObject({ gap: true, entries: named('new') })
    expect(await all.log('a', '0-0')).toMatchObject({ gap: false, entries: named('new') })
  })
})

describe('hasGap', () => {
  const trimmed = { first: '5-0', oldest: '9-1', newest: '12-0' }
  it.each([
    ['4-9', true],
    ['5-0', true],
    ['9-0', true],
    ['9-1', false],
    ['12-0', false],
    ['12-1', true],
    ['0-0', true],
  ])('after %s of a trimmed log: %s', (after, expected) => {
    expect(hasGap(after, trimmed)).toBe(expected)
  })
})
