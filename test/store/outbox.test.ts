import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OUTBOX_LENGTH } from '../../src/store/keys.ts'
import type { Outbox } from '../../src/store/outbox-types.ts'
import { type Collection, Fenced, VersionConflict } from '../../src/store/store.ts'
import { eventually } from '../harness/eventually.ts'
import { createTwoStores, type TwoStores } from './two-stores.ts'

let test: TwoStores
let outbox: Outbox
let all: Collection<number>

beforeEach(async () => {
  test = await createTwoStores()
  outbox = test.store.outbox
  all = test.store.collection<number>('things')
})
afterEach(() => test?.stop())

const changes = (...kinds: string[]) => kinds.map((kind) => ({ kind, data: { of: kind } }))
const kept = () => test.plainly((redis) => redis.xlen('{o2ims}:outbox'))

async function kinds(after = 0): Promise<string[]> {
  return (await outbox.read(after, 100)).entries.map(({ kind }) => kind)
}

describe('the outbox', () => {
  it('keeps what is written while a lane is open, in order, as text', async () => {
    await all.create('early', 1, { changes: changes('unheard') })
    await outbox.openLane('a')
    await all.create('a', 1, { changes: changes('one', 'two') })
    await test.other.collection<number>('others').create('b', 1, { changes: changes('three') })
    await all.update('a', () => ({ value: 2 }))
    await all.remove('a', undefined, { changes: [{ kind: 'four', data: 'ü \ud83d "quoted"' }] })
    expect(await outbox.read(0, 2)).toEqual({
      entries: [
        { position: 1, at: expect.any(Number), kind: 'one', text: '{"of":"one"}' },
        { position: 2, at: expect.any(Number), kind: 'two', text: '{"of":"two"}' },
      ],
      gap: false,
    })
    const rest = await test.other.outbox.read(2, 100)
    expect(rest.entries.map(({ position, kind }) => [position, kind])).toEqual([
      [3, 'three'],
      [4, 'four'],
    ])
    expect(JSON.parse(rest.entries[1]?.text ?? '')).toBe('ü \ud83d "quoted"')
    expect(await outbox.read(4, 100)).toEqual({ entries: [], gap: false })
  })

  it('takes nothing of a write that is refused', async () => {
    await outbox.openLane('a')
    await all.create('a', 1, { newEpoch: 2 })
    const writes = [
      all.create('a', 1, { changes: changes('x') }),
      all.replace('a', 9, 1, { changes: changes('x'), openLane: 'never' }),
      all.update('a', () => ({ value: 1, alongside: { changes: changes('x'), epoch: 1 } })),
      all.remove('a', 9, { changes: changes('x'), closeLane: 'a' }),
    ]
    for (const { status } of await Promise.allSettled(writes)) expect(status).toBe('rejected')
    await expect(writes[1]).rejects.toBeInstanceOf(VersionConflict)
    expect(await all.replace('gone', 1, 1, { changes: changes('x') })).toBeUndefined()
    expect(await all.remove('gone', 1, { changes: changes('x') })).toBe(false)
    expect([await kinds(), await outbox.lanes()]).toEqual([[], new Map([['a', 0]])])
  })

  it('tells on the feed that there is something, once for each write, and only when there is', async () => {
    const told: unknown[] = []
    const stop = test.other.feed.subscribe(
      'outbox',
      ({ event, data }) => told.push([event, data]),
      () => undefined,
    )
    await all.create('a', 1, { changes: changes('unheard') })
    await outbox.openLane('a')
    await all.create('b', 1, { changes: changes('one', 'two') })
    await all.update('b', () => ({ value: 1 }))
    await all.update('b', () => ({ value: 1, alongside: { changes: changes('three') } }))
    await test.store.feed.publish('outbox', 'last', null)
    await eventually(() => expect(told.at(-1)).toEqual(['last', null]))
    expect(told.slice(0, -1)).toEqual([
      ['appended', null],
      ['appended', null],
    ])
    expect(await outbox.newest()).toBe(3)
    stop()
  })

  it('loses none of the changes that two processes write at once', async () => {
    await outbox.openLane('a')
    const write = (store: typeof test.store, name: string) =>
      Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          store.collection<number>(name).create(`${i}`, i, { changes: changes(`${name} ${i}`) }),
        ),
      )
    await Promise.all([write(test.store, 'here'), write(test.other, 'there')])
    const { entries } = await outbox.read(0, 100)
    expect(entries.map(({ position }) => position)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
    expect(new Set(entries.map(({ kind }) => kind)).size).toBe(60)
  })
})

describe('a lane', () => {
  it('starts with what is written after it was opened, and where it was when it is opened again', async () => {
    await outbox.openLane('a')
    await all.create('a', 1, { changes: changes('one') })
    await outbox.openLane('b')
    await outbox.openLane('a')
    expect(await test.other.outbox.lanes()).toEqual(
      new Map([
        ['a', 0],
        ['b', 1],
      ]),
    )
  })

  it('opens and closes with a write, without the changes of that write', async () => {
    await all.create('a', 1, { changes: changes('before'), openLane: 'a' })
    await all.create('b', 1, { changes: changes('one'), openLane: 'b' })
    expect(Object.fromEntries(await outbox.lanes())).toEqual({ a: 0, b: 1 })
    await all.remove('b', undefined, { changes: changes('two'), closeLane: 'b' })
    expect([...(await outbox.lanes()).keys()]).toEqual(['a'])
    expect(await kinds()).toEqual(['one', 'two'])
    await all.remove('a', undefined, { changes: changes('three'), closeLane: 'a' })
    expect([await kept(), await outbox.lanes()]).toEqual([0, new Map()])
  })

  it('goes forward only, never beyond what was written, and not once it is closed', async () => {
    await outbox.openLane('a')
    await all.create('a', 1, { changes: changes('one', 'two', 'three') })
    const epoch = await outbox.takeEpoch()
    expect(await outbox.advance('a', 2, epoch)).toBe(true)
    expect(await outbox.advance('a', 1, epoch)).toBe(true)
    expect(await outbox.lanes()).toEqual(new Map([['a', 2]]))
    await outbox.advance('a', 99, epoch)
    expect(await outbox.lanes()).toEqual(new Map([['a', 3]]))
    await outbox.closeLane('a')
    expect(await outbox.advance('a', 3, epoch)).toBe(false)
    expect(await outbox.lanes()).toEqual(new Map())
  })

  it('is moved by nobody whose epoch has passed', async () => {
    await outbox.openLane('a')
    await all.create('a', 1, { changes: changes('one', 'two') })
    const old = await outbox.takeEpoch()
    await outbox.advance('a', 1, old)
    const now = await test.other.outbox.takeEpoch()
    await expect(outbox.advance('a', 2, old)).rejects.toBeInstanceOf(Fenced)
    expect(await outbox.lanes()).toEqual(new Map([['a', 1]]))
    expect(await test.other.outbox.advance('a', 2, now)).toBe(true)
  })
})

describe('what the outbox holds', () => {
  it('goes once every lane has taken it, and all of it when the last lane closes', async () => {
    for (const lane of ['a', 'b']) await outbox.openLane(lane)
    await all.create('a', 1, { changes: changes('one', 'two', 'three') })
    const epoch = await outbox.takeEpoch()
    await outbox.advance('a', 3, epoch)
    await outbox.trim()
    expect(await kept()).toBe(3)
    await outbox.advance('b', 2, epoch)
    await outbox.trim()
    expect(await outbox.read(2, 100)).toEqual({ entries: [expect.objectContaining({ kind: 'three' })], gap: false })
    expect(await kept()).toBe(1)
    await outbox.advance('b', 3, epoch)
    await outbox.trim()
    expect([await kept(), await outbox.read(3, 100)]).toEqual([0, { entries: [], gap: false }])
    await all.update('a', () => ({ value: 1, alongside: { changes: changes('four') } }))
    await outbox.closeLane('a')
    expect(await kinds(3)).toEqual(['four'])
    await outbox.closeLane('b')
    expect(await kept()).toBe(0)
    await outbox.trim()
  })

  it('is bounded: a lane that stands still learns that it missed something', async () => {
    await outbox.openLane('slow')
    await all.create('a', 1)
    const many = Array.from({ length: OUTBOX_LENGTH / 10 }, (_, i) => ({ kind: 'many', data: i }))
    for (let n = 1; n <= 11; n += 1) await all.update('a', () => ({ value: n, alongside: { changes: many } }))
    expect(await kept()).toBeLessThan(1.01 * OUTBOX_LENGTH)
    const { entries, gap } = await outbox.read(0, 10)
    expect([entries.length, gap]).toEqual([10, true])
    const first = entries[0]?.position ?? 0
    expect(first).toBeGreaterThan(1)
    expect((await outbox.read(first, 10)).gap).toBe(false)
  })

  it('is read in portions that are not too large, one entry at least', async () => {
    await outbox.openLane('a')
    const large = (size: number) => ({ kind: String(size), data: 'x'.repeat(size) })
    await all.create('a', 1, { changes: [large(2_000_000), ...Array.from({ length: 30 }, () => large(100_000))] })
    const positions = async (...args: Parameters<Outbox['read']>) =>
      (await outbox.read(...args)).entries.map(({ position }) => position)
    expect(await positions(0, 100)).toEqual([1])
    expect(await positions(1, 100)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(await positions(1, 3)).toEqual([2, 3, 4])
    expect(await positions(1, 100, 250_000)).toEqual([2, 3])
    expect(await positions(29, 100)).toEqual([30, 31])
    expect(await outbox.read(31, 100)).toEqual({ entries: [], gap: false })
  })

  it('has a gap for a reader that saw more than a Redis that was set back', async () => {
    await outbox.openLane('a')
    await all.create('a', 1, { changes: changes('one') })
    expect(await outbox.read(7, 10)).toEqual({ entries: [expect.objectContaining({ kind: 'one' })], gap: true })
  })
})
