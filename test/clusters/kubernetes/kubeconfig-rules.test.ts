import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readKubeconfig } from '../../../src/clusters/kubernetes/kubeconfig.ts'

const CONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'here',
  clusters: [{ name: 'edge', cluster: { server: 'https://edge.example:6443' } }],
  users: [{ name: 'me', user: { token: 'very-secret-token' } }],
  contexts: [{ name: 'here', context: { cluster: 'edge', user: 'me' } }],
}
const text = stringify(CONFIG)

describe('a kubeconfig with a key that changes objects', () => {
  test.each([
    ['at the top', `${text}__proto__: {polluted: true}\n`, '__proto__'],
    ['at the top, quoted', `${text}"__proto__": {polluted: true}\n`, '__proto__'],
    ['at the top, as a word', `${text}constructor: {prototype: {polluted: true}}\n`, 'constructor'],
    ['in a user', text.replace('token:', '__proto__: {exec: {command: sh}}\n      token:'), '__proto__'],
    ['in what nobody reads', `${text}extensions: [{name: x, extension: [{a: {prototype: 1}}]}]\n`, 'prototype'],
    ['in JSON', JSON.stringify(CONFIG).replace('"kind"', '"__proto__":{},"kind"'), '__proto__'],
  ])('%s is refused with the name of the key', (_where, kubeconfig, key) => {
    expect(() => readKubeconfig(kubeconfig)).toThrow(
      expect.objectContaining({
        code: 'INVALID_KUBECONFIG',
        message: `The kubeconfig cannot be used: a field called ${key} is not allowed, wherever it stands.`,
        fields: [{ pointer: '/kubeconfig', message: expect.stringContaining(key) }],
      }),
    )
  })

  test('in great depth is refused all the same, or is no YAML', () => {
    const deep = `${'{"a":'.repeat(3_000)}{"__proto__":1}${'}'.repeat(3_000)}`
    expect(() => readKubeconfig(JSON.stringify(CONFIG).replace('"kind"', `"extensions":${deep},"kind"`))).toThrow(
      expect.objectContaining({ code: 'INVALID_KUBECONFIG' }),
    )
  })
})

test('a kubeconfig as tools write it is taken: preferences, extensions, and what only they know', () => {
  const extension = { 'last-update': 'Mon, 01 Jan 2024 00:00:00 UTC', provider: 'minikube.sigs.k8s.io', version: 'v1' }
  const extensions = [{ name: 'cluster_info', extension }]
  const { origin } = readKubeconfig(
    JSON.stringify({
      ...CONFIG,
      preferences: { colors: true },
      extensions,
      clusters: [{ name: 'edge', cluster: { server: 'https://edge.example:6443', extensions } }],
      contexts: [{ name: 'here', context: { cluster: 'edge', user: 'me', namespace: 'ran', extensions } }],
      'x-of-another-tool': { a: 1 },
    }),
  )
  expect(origin).toBe('https://edge.example:6443')
})
