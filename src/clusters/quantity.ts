import { ServiceError } from '../errors.ts'

/**
 * Kubernetes quantities ("500m", "1Gi", "1e3") as whole billionths: exact, comparable, and the finest that Kubernetes knows.
 * Format follows the first operand, as Kubernetes does it: binary stays binary, the rest is decimal.
 */
export type Billionths = bigint

const BILLION = 1_000_000_000n
/** Kubernetes keeps numbers within 64 bits. */
const LARGEST = (2n ** 63n - 1n) * BILLION
const LONGEST_TEXT = 64

const SYNTAX = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,3})|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]))?$/

const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const DECIMAL = ['k', 'M', 'G', 'T', 'P', 'E']
const SMALL: Record<string, bigint> = { n: 1n, u: 1_000n, m: 1_000_000n }

/**
 * Reads a quantity; what is finer than a billionth is rounded away from zero.
 * @throws ServiceError INVALID_ARGS
 */
export function parseQuantity(text: string): Billionths {
  const match = text.length > LONGEST_TEXT ? null : SYNTAX.exec(text)
  if (match === null) throw bad(text, 'is not a quantity such as "500m", "4", "1.5" or "16Gi"')
  const [, sign, digits = '', exponent = '0', suffix = ''] = match
  const [whole = '', fraction = ''] = digits.split('.')
  const tens = Number(exponent) - fraction.length
  const mantissa = BigInt(whole + fraction) * scaleOf(suffix)
  const size = tens >= 0 ? mantissa * 10n ** BigInt(tens) : roundedUp(mantissa, 10n ** BigInt(-tens))
  if (size > LARGEST) throw bad(text, 'is too large')
  return sign === '-' ? -size : size
}

export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text)
    return true
  } catch (error) {
    if (error instanceof ServiceError) return false
    throw error
  }
}

/** Negative, zero or positive, as a sort wants it. @throws ServiceError INVALID_ARGS */
export function compareQuantities(a: string, b: string): number {
  const difference = parseQuantity(a) - parseQuantity(b)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

/** The sum, in the format of the first that is not zero. @throws ServiceError INVALID_ARGS */
export function addQuantities(a: string, b: string): string {
  const first = parseQuantity(a)
  return formatQuantity(first + parseQuantity(b), isBinary(first === 0n ? b : a))
}

/** a - b; may be negative. @throws ServiceError INVALID_ARGS */
export function subtractQuantities(a: string, b: string): string {
  const first = parseQuantity(a)
  return formatQuantity(first - parseQuantity(b), isBinary(first === 0n ? b : a))
}

/** The shortest exact text: the largest suffix that leaves a whole number. `binary` writes Ki, Mi, Gi where it can. */
export function formatQuantity(value: Billionths, binary = false): string {
  const sign = value < 0n ? '-' : ''
  const size = value < 0n ? -value : value
  if (size % BILLION !== 0n) {
    const [suffix, unit] = Object.entries(SMALL).findLast(([, scale]) => size % scale === 0n) ?? ['n', 1n]
    return `${sign}${size / unit}${suffix}`
  }
  let whole = size / BILLION
  let suffix = ''
  const step = binary ? 1024n : 1000n
  for (const next of binary ? BINARY : DECIMAL) {
    if (whole === 0n || whole % step !== 0n) break
    whole /= step
    suffix = next
  }
  return `${sign}${whole}${suffix}`
}

function scaleOf(suffix: string): bigint {
  const small = SMALL[suffix]
  if (small !== undefined) return small
  const binary = BINARY.indexOf(suffix)
  if (binary >= 0) return BILLION * 1024n ** BigInt(binary + 1)
  return BILLION * 1000n ** BigInt(DECIMAL.indexOf(suffix) + 1)
}

function isBinary(text: string): boolean {
  return text.endsWith('i')
}

function roundedUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor
}

function bad(text: string, why: string): ServiceError {
  return new ServiceError('INVALID_ARGS', `"${text.slice(0, LONGEST_TEXT)}" ${why}`)
}
