import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collection } from '../../src/store/store.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'

let test: TestStore
let nextName = 0

beforeAll(async () => {
  test = await createTestStore()
})
afterAll(() => test.stop())

function records(): Collection<string> {
  nextName += 1
  return test.store.collection<string>(`records${nextName}`)
}

describe('a list', () => {
  it('comes in order of creation, page by page, and the last page has no next', async () => {
    const all = records()
    for (const id of ['c', 'a', 'b']) await all.create(id, id)
    const first = await all.list({ limit: 2 })
    expect(first.items.map(({ value }) => value)).toEqual(['c', 'a'])
    const second = await all.list({ limit: 2, after: first.next })
    expect(second).toEqual({ items: [{ value: 'b', n: expect.any(Number), position: expect.any(Number) }] })
    expect(await records().list({ limit: 2 })).toEqual({ items: [] })
  })

  it('keeps a record in its place when it is changed, and puts it last when it was made anew', async () => {
    const all = records()
    for (const id of ['a', 'b', 'c']) await all.create(id, id)
    await all.update('a', () => ({ value: 'A' }))
    await all.remove('b')
    await all.create('b', 'B')
    expect((await all.list({ limit: 9 })).items.map(({ value }) => value)).toEqual(['A', 'c', 'B'])
  })

  it('neither repeats nor loses a record that was there all the time, whatever is made and removed between pages', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('create' as const) }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat(30) }),
      fc.record({ kind: fc.constant('page' as const), limit: fc.integer({ min: 1, max: 4 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.array(step, { maxLength: 25 }), async (count, steps) => {
        const all = records()
        let made = 0
        const create = async () => {
          made += 1
          await all.create(`r${made}`, `r${made}`)
        }
        for (let i = 0; i < count; i += 1) await create()
        const before = Array.from({ length: count }, (_, i) => `r${i + 1}`)
        const removed = new Set<string>()
        const seen: string[] = []
        let after: number | undefined = 0
        const page = async (limit: number) => {
          if (after === undefined) return
          const { items, next }: { items: { value: string }[]; next?: number } = await all.list({ after, limit })
          seen.push(...items.map(({ value }) => value))
          after = next
        }
        for (const one of steps) {
          if (one.kind === 'create') await create()
          else if (one.kind === 'page') await page(one.limit)
          else if (await all.remove(`r${one.which}`)) removed.add(`r${one.which}`)
        }
        while (after !== undefined) await page(3)

        expect(new Set(seen).size).toBe(seen.length)
        const stayed = before.filter((id) => !removed.has(id))
        expect(seen.filter((id) => stayed.includes(id))).toEqual(stayed)
      }),
      { numRuns: 60 },
    )
  })
})
