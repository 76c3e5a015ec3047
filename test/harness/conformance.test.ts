import { describe, expect, test } from 'vitest'
import type { Requirement } from '../o2ims/requirement.ts'
import { faultsOf, idsOf, renderConformance } from './conformance.ts'

const row = (id: string, more: Partial<Requirement> = {}): Requirement => ({
  id,
  level: 'shall',
  clause: '1',
  requirement: 'Something.',
  how: 'So.',
  ...more,
})
const passed = { passed: true, files: ['test/o2ims/general.test.ts'] }

describe('the conformance page', () => {
  test('knows the ids at the start of a name, and no others', () => {
    expect(idsOf('GEN-01 FLT-12, a name about SEL-03')).toEqual(['GEN-01', 'FLT-12'])
    expect(idsOf('a name about GEN-01')).toEqual([])
    expect(idsOf('GEN-01x is none')).toEqual([])
  })

  test('says what is met, partly met, not met and not applicable, with the test and why', () => {
    const rows = [
      row('AAA-01'),
      row('AAA-02', { partly: 'the rest', reading: 'as we see it' }),
      row('AAA-03'),
      row('AAA-04'),
      row('AAA-05', { notApplicable: 'There is none.' }),
    ]
    const failed = { ...passed, passed: false }
    const page = renderConformance(
      rows,
      new Map(Object.entries({ 'AAA-01': passed, 'AAA-02': passed, 'AAA-03': failed })),
    )
    expect(page).toContain('1 met, 1 partly met, 1 not applicable, 2 not met.')
    expect(page).toContain('| So. | [general](../test/o2ims/general.test.ts) | met |')
    expect(page).toContain('| So. Our reading: as we see it Missing: the rest |')
    expect(page.match(/NOT MET \|/g)).toHaveLength(2)
    expect(page).toMatch(/AAA-05 .* There is none\. \| {2}\| not applicable \|/)
  })

  test('finds a row without a test, a test without a row, and a test of what cannot apply', () => {
    const rows = [row('AAA-01'), row('AAA-02'), row('AAA-03', { notApplicable: 'No.' })]
    const shown = new Map(Object.entries({ 'AAA-01': passed, 'AAA-03': passed, 'AAA-09': passed }))
    expect(faultsOf(rows, shown)).toEqual([
      'AAA-09 has a test and no row',
      'AAA-02 has no test',
      'AAA-03 is not applicable, but has a test',
    ])
  })
})
