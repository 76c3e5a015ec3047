import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { isLoopback, kubeconfigFor, serverAddress } from '../../src/clusters/kubeconfig-server.ts'

const CONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    { name: 'edge', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Q0E=' } },
    { name: 'other', cluster: { server: 'https://other.example' } },
  ],
  users: [
    { name: 'admin', user: { token: 'tok-of-edge' } },
    { name: 'other', user: { token: 'tok-of-other' } },
  ],
  contexts: [
    { name: 'edge', context: { cluster: 'edge', user: 'admin' } },
    { name: 'other', context: { cluster: 'other', user: 'other' } },
  ],
  'current-context': 'edge',
}
const text = stringify(CONFIG)
const clusterOf = (kubeconfig: string) => parse(kubeconfig).clusters[0].cluster

describe('a kubeconfig for somebody else', () => {
  test('holds the current context alone', () => {
    const { kubeconfig, server } = kubeconfigFor(text)
    expect(server).toBe('https://127.0.0.1:6443')
    expect(parse(kubeconfig)).toMatchObject({
      clusters: [{ cluster: CONFIG.clusters[0]?.cluster }],
      'current-context': 'o-cloud',
    })
    expect(kubeconfig).toContain('tok-of-edge')
    expect(kubeconfig).not.toContain('tok-of-other')
    expect(kubeconfigFor(text).kubeconfig).toBe(kubeconfig)
  })

  test.each([
    ['192.0.2.7', 'https://192.0.2.7:6443'],
    ['192.0.2.7:7443', 'https://192.0.2.7:7443'],
    ['https://edge.example', 'https://edge.example:6443'],
    ['https://edge.example:443/', 'https://edge.example:443'],
    ['2001:db8::1', 'https://[2001:db8::1]:6443'],
    ['[2001:db8::1]:7443', 'https://[2001:db8::1]:7443'],
  ])('F18: %s is the address that is used, and the certificate is still checked for the old name', (given, server) => {
    const moved = kubeconfigFor(text, serverAddress(given))
    expect(moved.server).toBe(server)
    expect(clusterOf(moved.kubeconfig)).toEqual({
      server,
      'certificate-authority-data': 'Q0E=',
      'tls-server-name': '127.0.0.1',
    })
  })

  test('a name that the certificate is checked for already stays; the same host needs none', () => {
    const [edge] = CONFIG.clusters
    const named = { ...CONFIG, clusters: [{ ...edge, cluster: { ...edge?.cluster, 'tls-server-name': 'kubernetes' } }] }
    const moved = kubeconfigFor(stringify(named), { host: '192.0.2.7' })
    expect(clusterOf(moved.kubeconfig)['tls-server-name']).toBe('kubernetes')
    expect(clusterOf(kubeconfigFor(text, { host: '127.0.0.1', port: '1' }).kubeconfig)).not.toHaveProperty(
      'tls-server-name',
    )
  })

  test.each(['http://edge', 'https://edge/path', 'https://user@edge', 'edge:99999', 'a b', '', 'edge:', '--x?y'])(
    '%j is no address',
    (given) => {
      expect(serverAddress(given)).toBeUndefined()
    },
  )

  test('whatever is taken as an address leads to an https address with that host', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (given) => {
        const address = serverAddress(given)
        if (address === undefined) return
        const { server } = kubeconfigFor(text, address)
        expect(new URL(server).protocol).toBe('https:')
        expect(new URL(server).pathname).toBe('/')
      }),
    )
  })

  test('what cannot be read is refused without a word of what it holds', () => {
    for (const bad of ['a: [tok-of-edge', stringify({ ...CONFIG, 'current-context': 'none' }), 'tok-of-edge']) {
      expect(() => kubeconfigFor(bad)).toThrow(/cannot be used/)
      expect(() => kubeconfigFor(bad)).not.toThrow(/tok-of-edge/)
    }
  })

  test.each([
    ['https://127.0.0.1:1', true],
    ['https://localhost', true],
    ['https://[::1]:6443', true],
    ['https://192.0.2.7', false],
    ['simulated://x', false],
  ])('%s is reached by this machine alone: %s', (server, loopback) => {
    expect(isLoopback(server)).toBe(loopback)
  })
})
