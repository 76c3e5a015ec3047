import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { readJson } from '../../src/http/json-text.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function read(text: string): unknown {
  try {
    return readJson(bytes(text))
  } catch (error) {
    if (error instanceof ServiceError) return error.code
    throw error
  }
}

describe('reading JSON', () => {
  test('gives what JSON.parse gives, for everything that JSON.stringify writes', () => {
    const value = fc
      .jsonValue({ maxDepth: 5 })
      .filter((candidate) => !/"(__proto__|constructor)":/.test(JSON.stringify(candidate)))
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1, '\t'), (candidate, indent) => {
        const text = JSON.stringify(candidate, undefined, indent)
        const parsed: unknown = JSON.parse(text)
        fc.pre(!/[0-9]{16}/.test(text))
        expect(readJson(bytes(text))).toEqual(parsed)
      }),
    )
  })

  test('refuses every text that JSON.parse refuses, with MALFORMED_BODY and a place inside the text', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '0',
      '.',
      'e5',
      'true',
      'nul',
      ' ',
      '\n',
      '\\',
      '\\u00',
      '\u0001',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        let valid = true
        try {
          JSON.parse(text)
        } catch {
          valid = false
        }
        const result = read(text)
        if (!valid) expect(result, text).toBe('MALFORMED_BODY')
      }),
      { numRuns: 2000 },
    )
  })

  test('takes every integer up to 2^53 - 1 and none above; a fraction is the nearest double', () => {
    for (const taken of ['9007199254740991', '-9007199254740991', '-0', '0.30000000000000004441', '1e300', '1e-400'])
      expect(read(taken), taken).toBe(Number(taken))
    for (const refused of ['9007199254740992', '-9007199254740993', '1e400', `1${'0'.repeat(400)}`])
      expect(read(refused), refused).toBe('MALFORMED_BODY')
  })

  test('is not slowed down by a megabyte that is broken at its end', () => {
    const started = performance.now()
    for (const text of [
      `"${'a'.repeat(1_000_000)}`,
      `"${'\\n'.repeat(500_000)}`,
      `[${'1,'.repeat(500_000)}`,
      '1'.repeat(1_000_000),
      ' '.repeat(1_000_000),
    ])
      expect(read(text)).toBe('MALFORMED_BODY')
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
