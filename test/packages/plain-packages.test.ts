import { expect, test } from 'vitest'
import { createPlainPackages } from '../../src/packages/plain-packages.ts'

const text = { path: 'p', files: [{ path: 'a.yaml', text: 'a: 1' }], values: { replicas: 1 } }
const made = () => ({ name: 'p', objects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }] })

test('the same files with the same values are found again, any others are not', () => {
  const { find, keep } = createPlainPackages()
  keep(text, made())
  expect(find(text)).toEqual(made())
  expect(find({ ...text, values: { replicas: 2 } })).toBeUndefined()
  expect(find({ ...text, files: [{ path: 'a.yaml', text: 'a: 2' }] })).toBeUndefined()
  expect(find({ ...text, path: 'q' })).toBeUndefined()
})

test('what somebody does with the objects reaches nobody else', () => {
  const { find, keep } = createPlainPackages()
  const own = made()
  keep(text, own)
  for (const objects of [own.objects, find(text)?.objects ?? []])
    for (const { metadata } of objects) metadata.name = 'changed'
  expect(find(text)).toEqual(made())
})
