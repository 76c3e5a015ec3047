import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startTestApi, type TestApi } from './harness/api.ts'
import { call } from './harness/client.ts'
import { needs } from './harness/needs.ts'

const ROOT = join(import.meta.dirname, '..')
const DOC = readFileSync(join(ROOT, 'docs/seed-fields.md'), 'utf8')
const seed = (name: string) => parse(readFileSync(join(ROOT, 'test/validation/seed', name), 'utf8'))

/** The rows of the table below the heading that starts so. */
function rowsBelow(heading: string): string[][] {
  const section = DOC.split(/^## /m).find((part) => part.startsWith(heading))
  const rows = (section ?? '').split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.replace(/^[\s|]+|[\s|]+$/g, '')),
  )
}
const tests = new Map(
  rowsBelow('The tests').map(([key = '', name = '', file = '']) => [key, { name, file: file.replaceAll('`', '') }]),
)

const FILES = [
  ['ocloud.yaml', '`ocloud.yaml`', 'ocloud'],
  ['template-info.yaml', '`template-info.yaml`', 'templates'],
  ['provisioning-request.yaml', '`provisioning-request.yaml`', 'provisioningRequests'],
] as const

describe('docs/seed-fields.md', () => {
  test.each(FILES)('of %s says of every field that it acts or is refused, and names a test', (file, heading) => {
    const rows = rowsBelow(heading)
    const known = new Set<string>()
    for (const [fields = '', verdict = '', , keys = ''] of rows) {
      expect(['acts', 'refused'], fields).toContain(verdict)
      for (const key of keys.split(', ')) expect(tests.has(key), `${fields}: ${key}`).toBe(true)
      for (const [, field = ''] of fields.matchAll(/`([^`]+)`/g)) known.add(field)
    }
    const isKnown = (path: string) => [...known].some((field) => path === field || path.startsWith(`${field}.`))
    expect(fieldsOf(seed(file)).filter((path) => !isKnown(path))).toEqual([])
  })

  test('every test that it names is there, and every one is named for some field', () => {
    for (const { name, file } of tests.values()) {
      const text = readFileSync(join(ROOT, file), 'utf8')
      expect(
        [`'${name}'`, `"${name}"`].some((title) => text.includes(title)),
        `${file}: ${name}`,
      ).toBe(true)
    }
    const used = DOC.split('## The tests')[0] ?? ''
    for (const key of tests.keys()) expect(used, key).toMatch(new RegExp(`[|,(] ?${key}[ ,|)]`))
  })
})

/** The paths of everything in a document; entries of a list of named things by name, and by what all of them have. */
function fieldsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value) && path === 'spec.parameters')
    return value.flatMap((item) => [`${path}[${item.name}]`, ...Object.keys(item).map((key) => `${path}[].${key}`)])
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path]
  return Object.entries(value).flatMap(([key, item]) => fieldsOf(item, path === '' ? key : `${path}.${key}`))
}

describe("the seed's own documents", needs('redis'), () => {
  let api: TestApi

  beforeAll(async () => {
    api = await startTestApi({ worker: false })
  })
  afterAll(() => api?.close())

  /** What is refused of a body. */
  const refused = async (resource: string, body: object) => {
    const answer = await call(`${api.url}/o2ims/v1/${resource}`, 'POST', body)
    expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_ARGS'])
    return answer.body.errors.map(
      ({ pointer, message }: { pointer: string; message: string }) => `${pointer} ${message}`,
    )
  }

  /** What our own bodies have and the seed's `spec` too. */
  const OURS: Record<string, string[]> = {
    ocloud: ['name', 'description', 'location', 'kubeconfig', 'endpoints', 'compliance'],
    templates: ['name', 'description', 'version'],
    provisioningRequests: ['description'],
  }

  test.each(FILES)(
    'F6: %s: posted as it is, each field that is not ours is named',
    async (file, _heading, resource) => {
      const document = seed(file)
      const whole = await refused(resource, document)
      for (const key of Object.keys(document)) expect(whole, key).toContain(`/${key} is not known here`)
      const inner = await refused(resource, document.spec)
      const unknown = Object.keys(document.spec).filter((key) => !OURS[resource]?.includes(key))
      expect(inner.filter((line: string) => line.endsWith('is not known here')).sort()).toEqual(
        unknown.map((key) => `/${key} is not known here`).sort(),
      )
      if (resource === 'ocloud')
        expect(inner).toEqual(expect.arrayContaining(['/location must be an object', '/kubeconfig must be a string']))
    },
  )
})
