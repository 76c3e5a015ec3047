import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseLabelSelector } from '../../../src/clusters/simulated/label-selector.ts'

const LABELS = { app: 'du', tier: 'front', 'o2ims.dev/request': 'r-1' }

test.each([
  ['app=du', true],
  ['app==du', true],
  ['app!=du', false],
  ['app=cu', false],
  ['none!=x', true],
  ['app', true],
  ['none', false],
  ['!none', true],
  ['!app', false],
  ['app in (cu, du)', true],
  ['app in (cu)', false],
  ['app notin (cu)', true],
  ['none notin (cu)', true],
  ['none in (cu)', false],
  ['o2ims.dev/request=r-1,tier in (front,back),app', true],
  ['o2ims.dev/request=r-2,app', false],
  ['', true],
])('the selector "%s" is %s for the labels', (selector, expected) => {
  expect(parseLabelSelector(selector)?.(LABELS)).toBe(expected)
})

test.each(['a in b', '=x', 'a=b=c d', ',', 'a,,b', 'a in (b', '!', 'a b'])('"%s" is no selector', (selector) => {
  expect(parseLabelSelector(selector)).toBeUndefined()
})

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.dictionary(fc.string(), fc.string()), (selector, labels) => {
      const match = parseLabelSelector(selector)
      expect([true, false, undefined]).toContain(match?.(labels))
    }),
  )
})
