import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { checkRef, directoryOf, remoteOf } from '../../src/packages/repository.ts'

const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n'

describe('the address of a repository', () => {
  test.each([
    ['https://git.example.org/ran/packages.git', 'https', 'https://git.example.org/ran/packages.git'],
    ['http://git.example.org:3000/x', 'http', 'http://git.example.org:3000/x'],
    ['https://[2001:db8::1]/x.git', 'https', 'https://[2001:db8::1]/x.git'],
  ])('%s may be used', (repository, scheme, url) => {
    expect(remoteOf({ repository })).toEqual({ scheme, url })
  })

  test.each([
    ['ssh://git@git.example.org:2222/ran/packages.git', 'ssh://git@git.example.org:2222/ran/packages.git'],
    ['git@git.example.org:ran/packages.git', 'ssh://git@git.example.org/ran/packages.git'],
  ])('%s is ssh, with a key', (repository, url) => {
    expect(remoteOf({ repository, credential: KEY, hostKeys: 'h k' })).toEqual({
      scheme: 'ssh',
      url,
      hostKeys: 'h k',
      credential: { kind: 'key', key: KEY },
    })
  })

  test.each([
    'file:///etc',
    '/srv/packages',
    './packages',
    'packages',
    'ext::sh -c touch% /tmp/never',
    'ext::sh',
    'fd::17',
    'git://git.example.org/x',
    'ftp://git.example.org/x',
    '--upload-pack=touch /tmp/never',
    '-oProxyCommand=x@host:path',
    'ssh://-oProxyCommand=x/path',
    'ssh://git@-oProxyCommand=x/path',
    'https://host/x?y=z',
    'https://host/x#y',
    'https://ho st/x',
    'https://',
    '',
    'https://token@git.example.org/x',
    'https://user:s3cret@git.example.org/x',
    'ssh://git:s3cret@git.example.org/x',
    `https://host/${'x'.repeat(3000)}`,
  ])('%s is refused, and is not repeated', (repository) => {
    for (const credential of [undefined, KEY, 'token']) {
      const refusal = refusalOf(() => remoteOf({ repository, ...(credential && { credential }) }))
      expect(refusal.code).toBe('INVALID_ARGS')
      expect(refusal.message).not.toContain('s3cret')
    }
  })

  test.each([
    ['a credential over http', { repository: 'http://git.example.org/x', credential: 'token' }, 'use https'],
    ['a key for https', { repository: 'https://git.example.org/x', credential: KEY }, 'a private key is for ssh'],
    ['a token for ssh', { repository: 'ssh://git@git.example.org/x', credential: 'token' }, 'takes a private key'],
    ['ssh without a key', { repository: 'ssh://git@git.example.org/x' }, 'needs a private key'],
    ['ssh without a name', { repository: 'ssh://git.example.org/x', credential: KEY }, 'needs a user name'],
    ['host keys for https', { repository: 'https://git.example.org/x', hostKeys: 'x' }, 'hostKeys are for ssh'],
    ['a token of two lines', { repository: 'https://git.example.org/x', credential: 'a\nb' }, 'credential must be'],
  ])('%s is refused', (_, source, message) => {
    expect(refusalOf(() => remoteOf(source)).message).toContain(message)
  })

  test('of the operator may lie on this machine, and use the worker’s own ssh', () => {
    const trusted = { trusted: true }
    expect(remoteOf({ repository: '/srv/packages' }, trusted)).toEqual({ scheme: 'file', url: '/srv/packages' })
    expect(remoteOf({ repository: 'file:///srv/x' }, trusted)).toEqual({ scheme: 'file', url: 'file:///srv/x' })
    expect(remoteOf({ repository: 'git@host:x' }, trusted)).toEqual({ scheme: 'ssh', url: 'ssh://git@host/x' })
    expect(refusalOf(() => remoteOf({ repository: 'ext::sh -c x' }, trusted)).code).toBe('INVALID_ARGS')
  })

  test('a token goes to this machine over http, too', () => {
    for (const host of ['localhost:1', '127.0.0.1:1', '[::1]:1'])
      expect(remoteOf({ repository: `http://${host}/x`, credential: 'a:b:c' }).credential).toEqual({
        kind: 'password',
        username: 'a',
        password: 'b:c',
      })
    expect(refusalOf(() => remoteOf({ repository: 'http://127.0.0.1.evil.org/x', credential: 't' })).code).toBe(
      'INVALID_ARGS',
    )
  })
})

describe('a ref and a directory', () => {
  test.each(['v1.2.3', 'main', 'release/2', 'a'.repeat(40), 'HEAD', 'pkg/du/v1', 'user@host+1'])(
    '%s may be asked for',
    (ref) => {
      expect(() => checkRef(ref)).not.toThrow()
    },
  )

  test.each([
    '',
    '-x',
    '--upload-pack=x',
    'a..b',
    'a b',
    'a~1',
    'a^{tree}',
    'a:b',
    'a@{1}',
    '+main',
    'a/',
    'a//b',
    'a.lock',
    '/a',
    'a\nb',
  ])('the ref %j is refused', (ref) => {
    expect(refusalOf(() => checkRef(ref)).code).toBe('INVALID_ARGS')
  })

  test('whatever is written, a directory never climbs and is never absolute', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'b.c', '.git', '...', '\\', '\0')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        try {
          const directory = directoryOf(parts.join('/'))
          expect(directory.split('/').filter((one) => ['..', '.', '.git'].includes(one))).toEqual([])
          expect(directory).not.toMatch(/^\/|\/\/|\/$/)
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError)
        }
      }),
    )
  })
})

function refusalOf(work: () => unknown): ServiceError {
  try {
    work()
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
  throw new Error('it was not refused')
}
