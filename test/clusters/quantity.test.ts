import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  subtractQuantities,
} from '../../src/clusters/quantity.ts'

const BILLION = 1_000_000_000n
const billionths = fc.bigInt({ min: -(2n ** 62n) * BILLION, max: 2n ** 62n * BILLION })

describe('a quantity', () => {
  test.each([
    ['0', 0n],
    ['1', BILLION],
    ['+1', BILLION],
    ['-1', -BILLION],
    ['0.5', BILLION / 2n],
    ['.5', BILLION / 2n],
    ['1.', BILLION],
    ['500m', BILLION / 2n],
    ['100n', 100n],
    ['7u', 7_000n],
    ['1e3', 1_000n * BILLION],
    ['1E3', 1_000n * BILLION],
    ['1e-3', BILLION / 1_000n],
    ['1k', 1_000n * BILLION],
    ['1M', 1_000_000n * BILLION],
    ['1E', 10n ** 18n * BILLION],
    ['12Ki', 12n * 1024n * BILLION],
    ['1Gi', 1024n ** 3n * BILLION],
    ['1.5Gi', 1536n * 1024n ** 2n * BILLION],
    ['128974848', 128_974_848n * BILLION],
    ['0.0000000001', 1n],
  ])('%s is read', (text, value) => {
    expect(parseQuantity(text)).toBe(value)
  })

  test.each([
    '',
    ' 1',
    '1 ',
    'one',
    '1Kib',
    '1ki',
    '1K',
    '--1',
    '1e',
    '1e3Ki',
    '0x10',
    '1,5',
    'NaN',
    'Infinity',
    '1e999',
    '10E',
    '1\n',
  ])('"%s" is an error', (text) => {
    expect(isQuantity(text)).toBe(false)
    expect(() => parseQuantity(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGS' }))
  })

  test('a text that never ends is refused at once', () => {
    expect(isQuantity('1'.repeat(1_000_000))).toBe(false)
  })

  test.each([
    ['0', '64Gi', '64Gi'],
    ['64Gi', '64Gi', '128Gi'],
    ['1Gi', '1', '1073741825'],
    ['16', '16', '32'],
    ['4', '500m', '4500m'],
    ['500m', '500m', '1'],
    ['16393240Ki', '16393240Ki', '32786480Ki'],
    ['999', '1', '1k'],
  ])('%s + %s = %s', (a, b, sum) => {
    expect(addQuantities(a, b)).toBe(sum)
  })

  test('any text either is a quantity or is refused with INVALID_ARGS, nothing else', () => {
    const pieces = fc.constantFrom('1', '0', '.', '-', '+', 'e', 'E', 'K', 'i', 'm', 'G', ' ', '9', 'x')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join('')
        if (isQuantity(text)) expect(typeof parseQuantity(text)).toBe('bigint')
        else expect(() => parseQuantity(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGS' }))
      }),
    )
  })

  test('what is written is read as the same value, in both formats', () => {
    fc.assert(
      fc.property(billionths, fc.boolean(), (value, binary) => {
        expect(parseQuantity(formatQuantity(value, binary))).toBe(value)
      }),
    )
  })

  test('adding is exact and commutes in value, and subtracting undoes it', () => {
    const half = fc.bigInt({ min: -(2n ** 61n) * BILLION, max: 2n ** 61n * BILLION })
    fc.assert(
      fc.property(half, half, fc.boolean(), fc.boolean(), (a, b, binaryA, binaryB) => {
        const [first, second] = [formatQuantity(a, binaryA), formatQuantity(b, binaryB)]
        expect(parseQuantity(addQuantities(first, second))).toBe(a + b)
        expect(compareQuantities(addQuantities(first, second), addQuantities(second, first))).toBe(0)
        expect(parseQuantity(subtractQuantities(addQuantities(first, second), second))).toBe(a)
      }),
    )
  })

  test('the order is that of the values, whatever the format', () => {
    fc.assert(
      fc.property(billionths, billionths, fc.boolean(), fc.boolean(), (a, b, binaryA, binaryB) => {
        const order = compareQuantities(formatQuantity(a, binaryA), formatQuantity(b, binaryB))
        expect(order).toBe(a < b ? -1 : a > b ? 1 : 0)
      }),
    )
  })
})
