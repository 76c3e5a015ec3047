import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8')
/** The rows of the table: a fault, and the files of its tests. */
const rows = [...textOf('docs/seed-command-line.md').matchAll(/^\| (F\d+) \|.*\| (`test.*`) \|$/gm)].map(
  ([, fault = '', cell = '']) => ({ fault, files: cell.replaceAll('`', '').split(', ') }),
)
/** In the names of tests, one or several before a colon. */
const faultsIn = (file: string) =>
  [...textOf(file).matchAll(/\bF\d+(?:, F\d+)*: /g)].flatMap(([numbers]) => numbers.match(/F\d+/g) ?? [])

describe("the faults of the seed's script", () => {
  test('F1 to F27 stand in docs/seed-command-line.md, each with tests that carry its number', () => {
    expect(rows.map(({ fault }) => fault)).toEqual(Array.from({ length: 27 }, (_, index) => `F${index + 1}`))
    for (const { fault, files } of rows)
      for (const file of files) expect(faultsIn(file), `${file}: ${fault}`).toContain(fault)
  })

  test('F24: tests run the thing: none reads the text of the product', () => {
    const files = globSync('test/**/*.test.ts', { cwd: ROOT })
    const guilty = files.filter((file) =>
      /\breadFile(?:Sync)?\(.*\b(?:src\/|bin\/|scripts\/|Makefile)/.test(textOf(file)),
    )
    expect(guilty).toEqual([])
  })
})
