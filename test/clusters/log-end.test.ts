import { describe, expect, it } from 'vitest'
import { endOf } from '../../src/clusters/log-end.ts'

describe('the end of a log', () => {
  it('is its last lines, without the line end of the last', () => {
    expect(endOf('one\ntwo\nthree\n', 2, 100)).toBe('two\nthree')
    expect(endOf('', 2, 100)).toBe('')
    expect(endOf('one', 5, 100)).toBe('one')
  })

  it('keeps the newest bytes, and no half of a character', () => {
    expect(endOf('aaaa bbbb', 1, 4)).toBe('bbbb')
    expect(endOf('ää', 1, 3)).toBe('ä')
  })
})
