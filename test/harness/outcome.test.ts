import { describe, expect, it } from 'vitest'
import { closingLine, together, totalOf, worthASecondAttempt } from './outcome.ts'

const counts = (failed: number) => ({ passed: 5, failed, skipped: 1 })

describe('what a run of the tests came to', () => {
  it('a few files that failed are worth a second attempt, the tests of the requirements all together', () => {
    const files = {
      'test/a.test.ts': counts(1),
      'test/b.test.ts': counts(0),
      'test/o2ims/lists.test.ts': counts(1),
      'test/o2ims/filters.test.ts': counts(2),
    }
    expect(worthASecondAttempt({ files, outsideOfTests: 0 })).toEqual(['test/a.test.ts', 'test/o2ims/'])
  })

  it('many are not, nor is an error that belongs to no file', () => {
    const files = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, counts(1)]))
    expect(worthASecondAttempt({ files, outsideOfTests: 0 })).toEqual([])
    expect(worthASecondAttempt({ files: { a: counts(1) }, outsideOfTests: 1 })).toEqual([])
  })

  it('a file counts as it ended in the second run', () => {
    const first = { files: { a: counts(0), b: counts(2) }, outsideOfTests: 0 }
    const both = together(first, { files: { b: { passed: 7, failed: 0, skipped: 1 } }, outsideOfTests: 0 })
    expect(closingLine(totalOf(both))).toBe('12 passed, 0 failed, 2 skipped')
    expect(totalOf(together(first, { files: { b: counts(1) }, outsideOfTests: 1 })).failed).toBe(2)
  })
})
