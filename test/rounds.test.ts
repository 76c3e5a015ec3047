import { describe, expect, it } from 'vitest'
import { createRounds } from '../src/rounds.ts'

describe('rounds of the same work', () => {
  it('give all who ask while one is under way the next one, which is one for all of them', async () => {
    const { join } = createRounds<number>()
    const first = Promise.withResolvers<number>()
    let begun = 0
    const work = () => {
      begun += 1
      return begun === 1 ? first.promise : Promise.resolve(begun)
    }
    const one = join('a', work)
    const others = [join('a', work), join('a', work)]
    expect(begun).toBe(1)
    first.resolve(1)
    expect(await Promise.all([one, ...others])).toEqual([1, 2, 2])
    expect(await join('a', work)).toBe(3)
  })

  it('go on after one that failed, and those of another key do not wait', async () => {
    const { join } = createRounds<string>()
    const failing = Promise.withResolvers<string>()
    const failed = join('a', () => failing.promise)
    const after = join('a', async () => 'after')
    expect(await join('b', async () => 'other')).toBe('other')
    failing.reject(new Error('no'))
    await expect(failed).rejects.toThrow('no')
    expect(await after).toBe('after')
  })
})
