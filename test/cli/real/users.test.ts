import { expect, test } from 'vitest'
import { inRounds } from '../../../src/cli/real/users.ts'

test.each([
  [[], {}, []],
  [['a', 'b'], {}, [['a', 'b']]],
  [['a', 'b', 'c'], { a: ['b', 'c'] }, [['b', 'c'], ['a']]],
  [['a', 'b', 'c'], { a: ['b'], b: ['c'] }, [['c'], ['b'], ['a']]],
  [['a', 'b'], { a: ['gone'] }, [['a', 'b']]],
  [['a', 'b'], { a: ['b'], b: ['a'] }, [['a', 'b']]],
])('of %j, whose clusters are used as in %j, who uses them goes first: %j', (ids, users, rounds) => {
  expect(inRounds(ids, new Map(Object.entries(users).map(([maker, who]) => [maker, new Set(who)])))).toEqual(rounds)
})
