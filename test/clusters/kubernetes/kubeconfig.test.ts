import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PeerCertificate } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { credentialsOf, readKubeconfig } from '../../../src/clusters/kubernetes/kubeconfig.ts'
import { ServiceError } from '../../../src/errors.ts'
import { silentLog } from '../../harness/redis.ts'

const TOKEN = 'very-secret-token'
const SECRETS = [TOKEN, 'very-secret-password', 'very-secret-argument']

interface Parts {
  cluster?: Record<string, unknown>
  user?: Record<string, unknown>
  top?: Record<string, unknown>
}

function kubeconfig({ cluster = {}, user = { token: TOKEN }, top = {} }: Parts = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'edge', cluster: { server: 'https://edge.example:6443', ...cluster } }],
    users: [{ name: 'me', user }],
    contexts: [{ name: 'here', context: { cluster: 'edge', user: 'me' } }],
    ...top,
  })
}

function refusalOf(text: string): ServiceError {
  try {
    readKubeconfig(text)
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
  throw new Error('the kubeconfig was taken')
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const KEY_PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const KEY_DATA = Buffer.from(KEY_PEM).toString('base64')

describe('a kubeconfig', () => {
  test('with a token is taken, in YAML and in JSON', () => {
    const target = { origin: 'https://edge.example:6443', basePath: '', headers: { authorization: `Bearer ${TOKEN}` } }
    expect(readKubeconfig(kubeconfig())).toMatchObject(target)
    const json = JSON.stringify({
      'current-context': 'here',
      clusters: [{ name: 'edge', cluster: { server: 'https://edge.example:6443/' } }],
      users: [{ name: 'me', user: { token: TOKEN } }],
      contexts: [{ name: 'here', context: { cluster: 'edge', user: 'me' } }],
    })
    expect(readKubeconfig(json)).toMatchObject(target)
  })

  test('keeps the path of a proxy that serves many clusters, the server name for TLS and the user it stands for', () => {
    const text = kubeconfig({
      cluster: { server: 'https://edge.example/k8s/clusters/c-1/', 'tls-server-name': 'kubernetes' },
      user: { token: TOKEN, as: 'someone' },
    })
    expect(readKubeconfig(text)).toMatchObject({
      origin: 'https://edge.example',
      basePath: '/k8s/clusters/c-1',
      tls: { servername: 'kubernetes' },
      headers: { 'impersonate-user': 'someone' },
    })
  })

  test('an address as the server name is looked for in the certificate, and not sent', () => {
    const cluster = { server: 'https://172.18.0.3:6443', 'tls-server-name': '127.0.0.1' }
    const { tls } = readKubeconfig(kubeconfig({ cluster, user: { token: TOKEN } }))
    expect(tls).not.toHaveProperty('servername')
    const checked = (subjectaltname: string) =>
      tls.checkServerIdentity?.('172.18.0.3', { subject: { CN: 'edge' }, subjectaltname } as PeerCertificate)
    expect(checked('IP Address:127.0.0.1')).toBeUndefined()
    expect(checked('IP Address:172.18.0.3')).toBeInstanceOf(Error)
  })

  const refused: [string, string, RegExp][] = [
    ['an empty text', '', /not an object/],
    ['a word', 'hello', /not an object/],
    ['a list', '[1, 2]', /not an object/],
    ['broken YAML', 'a: [1\nb: "very-secret-token', /not YAML or JSON/],
    ['an alias bomb', 'a: &a [1]\nb: *a', /not YAML or JSON/],
    ['another kind', kubeconfig({ top: { kind: 'Deployment' } }), /kind is not Config/],
    ['no current context', kubeconfig({ top: { 'current-context': '' } }), /current-context is missing/],
    [
      'a context that is not there',
      kubeconfig({ top: { 'current-context': 'x' } }),
      /current-context names no context/,
    ],
    ['no clusters', kubeconfig({ top: { clusters: null } }), /clusters is missing/],
    ['a cluster that is not there', kubeconfig({ top: { clusters: [] } }), /names no cluster/],
    ['a user that is not there', kubeconfig({ top: { users: [] } }), /names no user/],
    ['no credentials', kubeconfig({ user: {} }), /neither token nor client-certificate-data/],
    ['a certificate without its key', kubeconfig({ user: { 'client-certificate-data': 'aGk=' } }), /neither token nor/],
    [
      'exec',
      kubeconfig({ user: { exec: { command: 'aws', args: ['very-secret-argument'] } } }),
      /users\[0\]\.user\.exec runs a program/,
    ],
    ['an auth provider', kubeconfig({ user: { 'auth-provider': { name: 'gcp' } } }), /users\[0\]\.user\.auth-provider/],
    [
      'a CA file',
      kubeconfig({ cluster: { 'certificate-authority': '/etc/ca.crt' } }),
      /clusters\[0\]\.cluster\.certificate-authority names a file/,
    ],
    [
      'a certificate file',
      kubeconfig({ user: { 'client-certificate': '/etc/c.crt' } }),
      /client-certificate names a file/,
    ],
    ['a key file', kubeconfig({ user: { 'client-key': '/etc/c.key' } }), /client-key names a file/],
    ['tokenFile', kubeconfig({ user: { tokenFile: '/etc/token' } }), /tokenFile names a file/],
    ['a password', kubeconfig({ user: { username: 'me', password: 'very-secret-password' } }), /basic authentication/],
    ['groups to stand for', kubeconfig({ user: { token: TOKEN, 'as-groups': ['a'] } }), /as-groups is not supported/],
    [
      'no check of the server',
      kubeconfig({ cluster: { 'insecure-skip-tls-verify': true } }),
      /insecure-skip-tls-verify/,
    ],
    ['a proxy', kubeconfig({ cluster: { 'proxy-url': 'http://proxy:1' } }), /proxy-url is not supported/],
    ['plain http', kubeconfig({ cluster: { server: 'http://edge.example' } }), /server is not https/],
    ['no address', kubeconfig({ cluster: { server: 'edge' } }), /server is not an address/],
    [
      'a password in the address',
      kubeconfig({ cluster: { server: 'https://a:very-secret-password@edge' } }),
      /holds more than a host/,
    ],
    ['a token of two lines', kubeconfig({ user: { token: `${TOKEN}\nX-Evil: 1` } }), /a header cannot carry/],
    ['a token that is a number', kubeconfig({ user: { token: 12 } }), /token is not a text/],
    [
      'a CA that is none',
      kubeconfig({ cluster: { 'certificate-authority-data': 'aGVsbG8=' } }),
      /certificate-authority-data is not a certificate/,
    ],
    ['a CA that is not base64', kubeconfig({ cluster: { 'certificate-authority-data': '<secret>' } }), /is not base64/],
    [
      'a client certificate that is none',
      kubeconfig({ user: { 'client-certificate-data': 'aGk=', 'client-key-data': KEY_DATA } }),
      /client-certificate-data is not a certificate/,
    ],
  ]

  test.each(refused)('with %s is refused with the field, and without what stands there', (_, text, message) => {
    const refusal = refusalOf(text)
    expect(refusal.code).toBe('INVALID_KUBECONFIG')
    expect(refusal.message).toMatch(message)
    expect(refusal.fields).toMatchObject([{ pointer: '/kubeconfig' }])
    const told = JSON.stringify([refusal.message, refusal.fields, refusal.cause ?? ''])
    for (const secret of [...SECRETS, KEY_DATA]) expect(told).not.toContain(secret)
    expect(() => createKubernetesCluster({ oCloudId: 'x', kubeconfig: text, log: silentLog() })).toThrow(message)
  })

  test('is refused for a context that is not the current one too', () => {
    const users = [
      { name: 'me', user: { token: TOKEN } },
      { name: 'other', user: { exec: { command: 'aws' } } },
    ]
    expect(refusalOf(kubeconfig({ top: { users } })).message).toMatch(/users\[1\]\.user\.exec/)
  })

  test('with a token-file is refused before anything reads that file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'o2ims-kubeconfig-'))
    try {
      writeFileSync(join(folder, 'token'), TOKEN)
      const there = refusalOf(kubeconfig({ user: { 'token-file': join(folder, 'token') } }))
      const missing = refusalOf(kubeconfig({ user: { 'token-file': join(folder, 'missing') } }))
      expect(there.message).toMatch(/token-file names a file/)
      expect(missing.message).toBe(there.message)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the credentials of a kubeconfig', () => {
  test('are its tokens, passwords and keys, of every user, in each form in which they may be seen', () => {
    const users = [
      { name: 'me', user: { token: TOKEN, 'client-key-data': KEY_DATA, 'client-certificate-data': 'cHVibGlj' } },
      { name: 'other', user: { password: 'very-secret-password' } },
    ]
    const found = credentialsOf(kubeconfig({ top: { users } }))
    expect(found).toEqual(expect.arrayContaining([TOKEN, 'very-secret-password', KEY_DATA, KEY_PEM.trim()]))
    for (const line of KEY_PEM.trim().split('\n').slice(1, -1)) expect(found).toContain(line)
    expect(found).not.toContain('cHVibGlj')
    expect(found.every((secret) => secret.length >= 4 && !secret.startsWith('-----BEGIN PRIVATE KEY-----\n\n'))).toBe(
      true,
    )
  })

  test('are none where there is no kubeconfig', () => {
    expect(credentialsOf('a: [1')).toEqual([])
    expect(credentialsOf('hello')).toEqual([])
  })
})
