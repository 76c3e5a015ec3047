import { expect, test } from 'vitest'
import { parsePlain } from '../src/plain-yaml.ts'

test('aliases stand for what they name, as in our samples', () => {
  expect(parsePlain('a: &a { x: 1 }\nb: *a\nc: [*a, &d y, *d]')).toEqual({
    a: { x: 1 },
    b: { x: 1 },
    c: [{ x: 1 }, 'y', 'y'],
  })
  expect(parsePlain('&a [1, &a 2, *a]')).toEqual([1, 2, 2])
})

const times = (text: string) => `[${Array.from({ length: 10 }, () => text).join(',')}]`

test.each([
  ['multiply', `a: &a ${times('x')}\nb: &b ${times('*a')}\nc: &c ${times('*b')}\nd: ${times('*c')}`, 'repeat more'],
  ['name nothing', 'a: *b', 'names no anchor before it'],
  ['name what comes later', 'a: *b\nb: &b 1', 'names no anchor before it'],
  ['stand inside of what they name', 'a: &a { b: { c: [*a] } }', 'stands inside of what it names'],
])('aliases that %s are refused, and nothing is quoted', (_what, text, message) => {
  expect(() => parsePlain(text)).toThrow(message)
})

test('what nests too deeply is refused as no YAML', () => {
  expect(() => parsePlain('['.repeat(20_000))).toThrow()
})
