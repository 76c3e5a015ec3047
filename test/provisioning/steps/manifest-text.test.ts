import { expect, test } from 'vitest'
import { manifestList } from '../../../src/provisioning/steps/manifest-text.ts'

const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } }

test('objects come as a list, as YAML documents, or as a List', () => {
  const yaml =
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n---\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ran}\n'
  expect(manifestList.parse([settings])).toEqual([settings])
  expect(manifestList.parse(yaml).map(({ kind }) => kind)).toEqual(['ConfigMap', 'Namespace'])
  expect(manifestList.parse([{ apiVersion: 'v1', kind: 'List', items: [settings] }])).toEqual([settings])
})

test.each([
  ['nothing', []],
  ['an empty text', ''],
  ['a scalar', 'just words'],
  ['no name', [{ ...settings, metadata: {} }]],
  ['labels that are no strings', [{ ...settings, metadata: { name: 'a', labels: { a: 1 } } }]],
  ['broken YAML', 'a: [1'],
  ['an alias of nothing', 'a: *b'],
  ['an alias inside of what it names', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: &d { d: *d }`],
  [
    'aliases that multiply',
    `a: &a [${'x,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\nd: [${'*c,'.repeat(20)}]`,
  ],
  ['too many', Array.from({ length: 501 }, () => settings)],
])('%s is refused', (_what, given) => {
  expect(manifestList.safeParse(given).success).toBe(false)
})

test('no refusal quotes what was given: it may be a secret', () => {
  for (const given of ['password: s3cr3t-value: [', [{ kind: 'Secret', data: { password: 's3cr3t-value' } }]]) {
    const { error } = manifestList.safeParse(given)
    expect(error?.message).toBeDefined()
    expect(error?.message).not.toContain('s3cr3t-value')
  }
})
