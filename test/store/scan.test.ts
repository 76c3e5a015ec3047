import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MOST_VALUES, type Scan } from '../../src/store/scan-types.ts'
import { type Collection, VersionConflict } from '../../src/store/store.ts'
import { createTwoStores, type TwoStores } from './two-stores.ts'

interface Thing {
  type: string
  note?: string
}

let test: TwoStores
let nextName = 0

beforeAll(async () => {
  test = await createTwoStores()
})
afterAll(() => test?.stop())

function things(): Collection<Thing> {
  nextName += 1
  return test.store.collection<Thing>(`things${nextName}`)
}

const byType = (thing: Thing) => ({ indexes: { type: [thing.type] } })
const ofType = (...values: string[]) => ({ attribute: 'type', values })

async function make(all: Collection<Thing>, id: string, thing: Thing): Promise<void> {
  await all.create(id, thing, byType(thing))
}

/** The ids of all looks, one after the other. */
async function idsOf(all: Collection<Thing>, scan: Partial<Scan>): Promise<string[]> {
  const ids: string[] = []
  let after: number | undefined = 0
  while (after !== undefined) {
    const { rows, next }: Awaited<ReturnType<typeof all.scan>> = await all.scan({
      limit: 100,
      examine: 100,
      ...scan,
      after,
    })
    ids.push(...rows.map(({ id }) => id))
    after = next
  }
  return ids
}

describe('a scan', () => {
  it('gives the text as it was written, with its place and its n', async () => {
    const all = things()
    const a = await all.create('a', { type: 'x' })
    await all.create('b', { type: 'ü "\n' })
    const b = await all.update('b', () => ({ value: { type: 'ü 1 2' } }))
    expect(await all.scan({ limit: 9, examine: 9 })).toEqual({
      rows: [
        { id: 'a', position: 1, n: a.n, text: '{"type":"x"}' },
        { id: 'b', position: 2, n: b?.n, text: '{"type":"ü 1 2"}' },
      ],
    })
    expect(await all.scan({ limit: 1, examine: 9 })).toMatchObject({ rows: [{ id: 'a' }], next: 1 })
    expect(await all.scan({ limit: 9, examine: 1, after: 1 })).toEqual({ rows: [expect.objectContaining({ id: 'b' })] })
  })

  it('finds by any of the values of an attribute, in order of creation and each record once', async () => {
    const all = things()
    for (const [id, type] of ['xa', 'yb', 'zc', 'xd', 'ye'].map((text) => [text, text[0] ?? ''] as const)) {
      await make(all, id, { type })
    }
    await all.create('both', { type: 'x' }, { indexes: { type: ['x', 'y', 'x'] } })
    expect(await idsOf(all, { where: ofType('x') })).toEqual(['xa', 'xd', 'both'])
    expect(await idsOf(all, { where: ofType('y', 'x') })).toEqual(['xa', 'yb', 'xd', 'ye', 'both'])
    expect(await idsOf(all, { where: ofType('y', 'x'), limit: 1, examine: 1 })).toEqual(
      await idsOf(all, { where: ofType('x', 'y') }),
    )
    expect(await idsOf(all, { where: ofType('nothing', 'z') })).toEqual(['zc'])
    expect(await idsOf(all, { where: ofType() })).toEqual([])
    expect(await idsOf(all, { where: { attribute: 'note', values: ['x'] } })).toEqual([])
    expect([await all.count(), await all.count({ attribute: 'type', value: 'x' })]).toEqual([6, 3])
  })

  it('finds a UUID in any case, whatever case it was written in, and any other text in its own alone', async () => {
    const all = things()
    const upper = '6D8F5911-14D2-5566-B0A9-F890996A0957'
    const lower = upper.toLowerCase()
    await make(all, 'a', { type: upper })
    await make(all, 'b', { type: lower })
    await make(all, 'c', { type: 'ABC' })
    for (const values of [[upper], [lower], [upper, lower]])
      expect(await idsOf(all, { where: ofType(...values) })).toEqual(['a', 'b'])
    expect(await idsOf(all, { where: ofType('abc') })).toEqual([])
    await all.update('a', () => ({ value: { type: 'z' }, alongside: byType({ type: 'z' }) }))
    expect(await all.count({ attribute: 'type', value: upper })).toBe(1)
  })

  it('refuses more values than it can merge, and an attribute that cannot be told from a value', async () => {
    const all = things()
    const values = Array.from({ length: MOST_VALUES + 1 }, (_, i) => `${i}`)
    await expect(all.scan({ limit: 1, examine: 1, where: ofType(...values) })).rejects.toThrow(RangeError)
    await expect(all.create('a', { type: 'x' }, { indexes: { 'a:b': ['c'] } })).rejects.toThrow(RangeError)
  })

  it('follows a record to its new values, keeps them when a write does not speak of them, and forgets it when it is gone', async () => {
    const all = things()
    for (const id of ['a', 'b']) await make(all, id, { type: 'x' })
    await all.update('a', () => ({ value: { type: 'y' }, alongside: byType({ type: 'y' }) }))
    await all.update('a', () => ({ value: { type: 'y', note: 'changed' } }))
    expect([await idsOf(all, { where: ofType('x') }), await idsOf(all, { where: ofType('y') })]).toEqual([['b'], ['a']])
    await all.update('b', () => ({ value: { type: 'none' }, alongside: { indexes: {} } }))
    await all.remove('a')
    expect(await idsOf(all, { where: ofType('x', 'y') })).toEqual([])
    const left = await test.plainly((redis) => redis.keys('{o2ims}:attribute:*'))
    expect(left.filter((key) => key.includes(`:${all.name}:`))).toEqual([])
  })

  it('changes no index with a write that is refused', async () => {
    const all = things()
    await make(all, 'a', { type: 'x' })
    const late = all.replace('a', 7, { type: 'y' }, byType({ type: 'y' }))
    await expect(late).rejects.toBeInstanceOf(VersionConflict)
    await expect(make(all, 'a', { type: 'z' })).rejects.toThrow('exists')
    await expect(all.remove('a', 7)).rejects.toBeInstanceOf(VersionConflict)
    expect(await idsOf(all, { where: ofType('x') })).toEqual(['a'])
    expect(await idsOf(all, { where: ofType('y', 'z') })).toEqual([])
  })

  it('leaves out records without the literals, which are looked for in the text alone and as they are', async () => {
    const all = things()
    await make(all, 'a', { type: 'x', note: 'one %d' })
    await make(all, 'b', { type: 'y', note: 'two \u0000' })
    await make(all, 'c', { type: 'x', note: 'two' })
    const found = (...containing: string[][]) => idsOf(all, { containing })
    expect(await found(['"x"'])).toEqual(['a', 'c'])
    expect(await found(['"one %d"', '"two"'])).toEqual(['a', 'c'])
    expect(await found(['"x"'], ['two'])).toEqual(['c'])
    expect(await found(['two \\u0000'])).toEqual(['b'])
    expect(await found(['1'])).toEqual([])
    expect(await found([])).toEqual([])
    expect(await idsOf(all, { where: ofType('x', 'y'), containing: [['two']] })).toEqual(['b', 'c'])
  })

  it('looks at no more records than it may, and says where to go on', async () => {
    const all = things()
    for (let i = 1; i <= 7; i += 1) await make(all, `r${i}`, { type: i === 6 ? 'rare' : 'x' })
    const rare = { limit: 5, examine: 3, containing: [['"rare"']] }
    expect(await all.scan(rare)).toEqual({ rows: [], next: 3 })
    expect(await all.scan({ ...rare, after: 3 })).toMatchObject({ rows: [{ id: 'r6' }], next: 6 })
    expect(await all.scan({ ...rare, after: 6 })).toEqual({ rows: [] })
    expect(await all.scan({ limit: 2, examine: 100, containing: [['"x"']] })).toMatchObject({ next: 2 })
  })

  it('ends a look when it has read much, while a list is as long as it was asked for', async () => {
    const all = things()
    const ids = Array.from({ length: 120 }, (_, i) => `r${i + 1}`)
    for (const id of ids) await make(all, id, { type: 'x', note: 'n'.repeat(30_000) })
    for (const where of [undefined, ofType('x', 'y')]) {
      const { rows, next } = await all.scan({ limit: 120, examine: 240, where })
      expect(rows.length).toBeLessThan(120)
      expect(next).toBe(rows.at(-1)?.position)
      expect(await idsOf(all, { limit: 120, examine: 240, where })).toEqual(ids)
    }
    const first = await all.list({ limit: 110 })
    expect([first.items.length, first.next]).toEqual([110, 110])
  })

  it('tells by its version whether anything was written', async () => {
    const all = things()
    expect(await all.version()).toBe(0)
    await make(all, 'a', { type: 'x' })
    const made = await all.version()
    await all.scan({ limit: 1, examine: 1 })
    await expect(make(all, 'a', { type: 'x' })).rejects.toThrow('exists')
    expect(await all.version()).toBe(made)
    await all.update('a', () => ({ value: { type: 'y' } }))
    const changed = await all.version()
    expect(changed).toBeGreaterThan(made)
    await all.remove('a')
    expect(await all.version()).toBeGreaterThan(changed)
  })

  it('shows no record under a value that it does not have, while others write', async () => {
    const all = things()
    const elsewhere = test.other.collection<Thing>(all.name)
    const ids = Array.from({ length: 20 }, (_, i) => `r${i}`)
    for (const id of ids) await make(all, id, { type: 'x' })
    let writing = true
    const write = async () => {
      for (let n = 1; writing; n += 1) {
        const thing = { type: n % 2 === 0 ? 'x' : 'y' }
        for (const id of ids) await elsewhere.update(id, () => ({ value: thing, alongside: byType(thing) }))
      }
    }
    const read = async () => {
      for (let i = 0; i < 100; i += 1) {
        const { rows } = await all.scan({ limit: 20, examine: 20, where: ofType('x') })
        expect(rows.filter(({ text }) => text !== '{"type":"x"}')).toEqual([])
      }
      writing = false
    }
    await Promise.all([write(), read().finally(() => (writing = false))])
  })
})

describe('looks, one after the other', () => {
  const TYPES = ['x', 'y', 'z']
  const thing = fc.record({ type: fc.constantFrom(...TYPES), note: fc.constantFrom('one', 'two') })
  const which = fc.nat(14)
  const step = fc.oneof(
    fc.record({ kind: fc.constant('create' as const), thing }),
    fc.record({ kind: fc.constant('replace' as const), which, thing }),
    fc.record({ kind: fc.constant('remove' as const), which }),
    fc.record({ kind: fc.constant('look' as const) }),
  )
  const scan = fc.record(
    {
      limit: fc.integer({ min: 1, max: 4 }),
      examine: fc.integer({ min: 1, max: 6 }),
      where: fc.subarray(TYPES).map((values) => ofType(...values)),
      containing: fc.subarray([['"one"'], ['"two"', '"x"']]),
    },
    { requiredKeys: ['limit', 'examine'] },
  )
  const fits = ({ where, containing = [] }: Scan, one: Thing) =>
    (where?.values.includes(one.type) ?? true) &&
    containing.every((group) => group.some((literal) => JSON.stringify(one).includes(literal)))

  it('give what a plain model gives, whatever is written between them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(thing, { maxLength: 12 }),
        fc.array(step, { maxLength: 20 }),
        scan,
        async (first, steps, wanted) => {
          const all = things()
          const model = new Map<number, Thing>()
          let made = 0
          let after: number | undefined = 0
          const create = async (one: Thing) => {
            made += 1
            model.set(made, one)
            await make(all, `r${made}`, one)
          }
          // Read from the store, for other things raise the counter behind it too; the model knows the order alone.
          const positions = new Map<number, number>()
          const note = async (key: number) => {
            const { rows } = await all.scan({ limit: 1000, examine: 1000 })
            positions.set(key, rows.find(({ id }) => id === `r${key}`)?.position ?? 0)
          }
          const look = async () => {
            if (after === undefined) return
            const from: number = after
            const due = [...model].filter(([key, one]) => (positions.get(key) ?? 0) > from && fits(wanted, one))
            const { rows, next } = await all.scan({ ...wanted, after: from })
            expect(rows.length).toBeLessThanOrEqual(wanted.limit)
            const reached = due.filter(([key]) => next === undefined || (positions.get(key) ?? 0) <= next)
            expect(rows.map(({ id, text }) => [id, text])).toEqual(
              reached.map(([key, one]) => [`r${key}`, JSON.stringify(one)]),
            )
            if (next !== undefined) expect(next).toBeGreaterThan(from)
            after = next
          }
          const createAndNote = async (one: Thing) => {
            await create(one)
            await note(made)
          }
          for (const one of first) await createAndNote(one)
          for (const one of steps) {
            if (one.kind === 'create') await createAndNote(one.thing)
            else if (one.kind === 'look') await look()
            else if (model.has(one.which)) {
              if (one.kind === 'remove') {
                model.delete(one.which)
                await all.remove(`r${one.which}`)
              } else {
                model.set(one.which, one.thing)
                await all.update(`r${one.which}`, () => ({ value: one.thing, alongside: byType(one.thing) }))
              }
            }
          }
          while (after !== undefined) await look()
        },
      ),
      { numRuns: 80 },
    )
  })
})
