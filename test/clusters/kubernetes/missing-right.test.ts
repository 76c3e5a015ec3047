import { expect, test } from 'vitest'
import { withMissingRight } from '../../../src/clusters/kubernetes/missing-right.ts'

const refusal = (verb: string, resource: string, group: string, where: string) =>
  `x is forbidden: User "system:serviceaccount:o2:worker" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`

test.each([
  [refusal('create', 'deployments', 'apps', 'in the namespace "ran"'), 'create deployments.apps in namespace ran'],
  [refusal('get', 'pods/log', '', 'in the namespace "ran": no such role'), 'get pods/log in namespace ran'],
  [refusal('patch', 'namespaces', '', 'at the cluster scope'), 'patch namespaces at the cluster scope'],
])('a refusal for want of a right says which one to give: %s', (words, right) => {
  expect(withMissingRight(words)).toBe(`${words} (its account may not ${right}: give it that right, then retry)`)
})

test('other refusals stay as they are', () => {
  for (const words of ['', 'pods "du" is forbidden: exceeded quota: ran', 'User "x" cannot do as it likes'])
    expect(withMissingRight(words)).toBe(words)
})
