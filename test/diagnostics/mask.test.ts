import { describe, expect, it } from 'vitest'
import { maskSecrets } from '../../src/diagnostics/mask.ts'

describe('what looks like a secret', () => {
  it.each([
    ['Authorization: Bearer abcdef0123456789', 'Authorization: Bearer [secret]'],
    ['token=abc123 and more', 'token=[secret] and more'],
    ['{"client_secret": "x y z", "name": "du"}', '{"client_secret": [secret], "name": "du"}'],
    ['DB_PASSWORD=hunter2', 'DB_PASSWORD=[secret]'],
    ['redis://user:pass@host:6379/0', 'redis://[secret]@host:6379/0'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!', 'jwt [secret]!'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nend', '[secret]\nend'],
    ['client-key-data: LS0tLS1CRUdJTg==', 'client-key-data: [secret]'],
    ['key AKIAABCDEFGHIJKLMNOP', 'key [secret]'],
    [`cert ${'Ab9+'.repeat(60)}==`, 'cert [secret]'],
  ])('%s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked)
  })

  it('is not what only sounds like one', () => {
    for (const text of [
      'Back-off pulling image "registry.example/du:1.1@sha256:0123456789abcdef"',
      '0/3 nodes are available: 3 Insufficient cpu.',
      'secret "du-config" not found',
      'https://10.0.0.1:6443/api/v1/namespaces/x/pods',
      'the token has expired',
    ])
      expect(maskSecrets(text)).toBe(text)
  })
})
