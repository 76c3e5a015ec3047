import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const pages = ['README.md', 'CONTRIBUTING.md', 'docs', 'docs/decisions', 'charts/o2ims'].flatMap((path) =>
  path.endsWith('.md')
    ? [path]
    : readdirSync(join(ROOT, path))
        .filter((file) => file.endsWith('.md'))
        .map((file) => join(path, file)),
)
/** A path of this repository in backticks, without patterns and names that the reader shall choose. */
const PATH = /`((?:src|test|docs|samples|scripts|openapi|bin)\/[\w./-]+)`/g
const LINK = /\]\((?!https?:|#)([^)#]+)/g
/** CONTRIBUTING tells how to make it. */
const TO_BE_MADE = /namespace-quota|bounded-namespace/

describe('what the pages name is there', () => {
  test.each(pages)('%s', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^ *```.*?^ *```/gms, '')
    const paths = [...text.matchAll(PATH)].map(([, path = '']) => join(ROOT, path))
    const links = [...text.matchAll(LINK)].map(([, path = '']) => join(ROOT, dirname(page), path))
    expect([...paths, ...links].filter((path) => !TO_BE_MADE.test(path) && !existsSync(path))).toEqual([])
  })
})
