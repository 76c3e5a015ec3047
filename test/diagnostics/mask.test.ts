import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskSecrets } from '../../src/diagnostics/mask.ts'

describe('what looks like a secret', () => {
  it.each([
    ['Authorization: Bearer abcdef0123456789', 'Authorization: Bearer [secret]'],
    ["curl -H 'Authorization: Basic dXNlcjpwYXNz' https://du", "curl -H 'Authorization: Basic [secret]' https://du"],
    ['authorization: Digest username="du", realm="r", response="6629fa"', 'authorization: Digest [secret]'],
    ['"authorization":"Digest username=\\"du\\", response=\\"66\\""', '"authorization":[secret]'],
    ['X-Auth-Token: 5f0c1b2a9d', 'X-Auth-Token: [secret]'],
    ['Cookie: session=abc; id=7', 'Cookie: [secret]'],
    ['invalid bearer token abcdef.0123456789abcdef', 'invalid bearer token [secret]'],
    ['token=abc123 and more', 'token=[secret] and more'],
    ['token: Zx81kQ02mm, retrying', 'token: [secret], retrying'],
    ['(client_secret = "x y z")', '(client_secret = [secret])'],
    ['{"client_secret": "x y z", "name": "du"}', '{"client_secret": [secret], "name": "du"}'],
    ['{"secret":{"password":"swordfish"}}', '{"secret":{"password":[secret]}}'],
    [
      '{"msg":"{\\"password\\":\\"a b\\",\\"name\\":\\"du\\"}"}',
      '{"msg":"{\\"password\\":[secret],\\"name\\":\\"du\\"}"}',
    ],
    ['credentials: password: hunter2', 'credentials: password: [secret]'],
    ['DB_PASSWORD=hunter2', 'DB_PASSWORD=[secret]'],
    ['DB_PASSWORD=swordfish', 'DB_PASSWORD=[secret]'],
    ['  password: swordfish\n  user: du', '  password: [secret]\n  user: du'],
    ['password: 1234', 'password: [secret]'],
    ['{"name":"DB_PASSWORD","value":"hunter2"}', '{"name":"DB_PASSWORD","value":[secret]}'],
    ['- name: DB_PASSWORD\n  value: hunter2\n', '- name: DB_PASSWORD\n  value: [secret]\n'],
    ['run --token abcdef123456 --v 2', 'run --token [secret] --v 2'],
    ['run --db-password swordfish --v 2', 'run --db-password [secret] --v 2'],
    ['run --api-key "4f b2 c3 1d" now', 'run --api-key [secret] now'],
    ['args: ["--token","abcdef123456","--v"]', 'args: ["--token",[secret],"--v"]'],
    ['--token=abcdef', '--token=[secret]'],
    ['{"auths":{"r.example":{"auth":"dXNlcjpwYXNz"}}}', '{"auths":{"r.example":{"auth":[secret]}}}'],
    ['//r.example/:_authToken=abcdef', '//r.example/:_authToken=[secret]'],
    ['_auth=dXNlcjpwYXNz', '_auth=[secret]'],
    ['.dockerconfigjson: eyJhdXRocyI6eyJyLmV4YW1wbGUiOnt9fX0=', '.dockerconfigjson: [secret]'],
    ['redis://user:pass@host:6379/0', 'redis://[secret]@host:6379/0'],
    ['redis://:pass@host', 'redis://[secret]@host'],
    ['postgres://u:p@ss@h/db', 'postgres://[secret]@h/db'],
    ['postgres://u:p/s:s@h/db', 'postgres://[secret]@h/db'],
    ['amqp://u:p@a,amqp://u:q@b', 'amqp://[secret]@a,amqp://[secret]@b'],
    ['https://blob.example/l?se=2026&sig=aB%2Fc%3D: 403', 'https://blob.example/l?se=2026&sig=[secret] 403'],
    ['GET "https://x/?token=abc123"', 'GET "https://x/?token=[secret]"'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!', 'jwt [secret]!'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nend', '[secret]\nend'],
    ['client-key-data: LS0tLS1CRUdJTg==', 'client-key-data: [secret]'],
    ['key AKIAABCDEFGHIJKLMNOP', 'key [secret]'],
    [`cert ${'Ab9+'.repeat(60)}==`, 'cert [secret]'],
  ])('%s', (text, expected) => {
    expect(maskSecrets(text)).toBe(expected)
    expect(maskSecrets(expected)).toBe(expected)
  })

  it.each([
    'Back-off pulling image "registry.example/du:1.1@sha256:0123456789abcdef"',
    '0/3 nodes are available: 3 Insufficient cpu.',
    'secret "du-config" not found',
    'secrets "du-config" is forbidden: User "system:serviceaccount:ran:du" cannot get resource "secrets"',
    'MountVolume.SetUp failed for volume "cfg" : secret "du-config" not found',
    'failed to fetch token: serviceaccounts "du" not found',
    'failed to fetch token: Post "https://10.0.0.1:6443/api": dial tcp 10.0.0.1:6443: connect: connection refused',
    'open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory',
    'open /etc/du/credentials: permission denied',
    'reading token: /var/run/secrets/du/token: no such file or directory',
    'secret: not found',
    'secret: du-config not found',
    'secret: "du-config" not found',
    'Unable to retrieve pull secret pod="ran/du-1" secret="ran/regcred" err="not found"',
    'Bearer token required',
    'Bearer authentication is required',
    'WWW-Authenticate: Bearer realm="https://auth.example/token",service="registry.example"',
    'the token has expired',
    'token: has expired',
    'token: expired.',
    'invalid token: x509: certificate has expired',
    'token: oauth2: cannot fetch',
    'token: AccessDenied',
    'token: 401 Unauthorized',
    'credentials: access denied',
    'credentials: EOF',
    'auth: unauthorized',
    'Authorization: failed',
    'password: required',
    'password: too short',
    'password: authentication failed',
    "Access denied for user 'du'@'10.0.0.1' (using password: YES)",
    'flag --token is required',
    '--password must be set, or --token',
    'exceeded quota: ran, requested: secrets=1, used: secrets=5, limited: secrets=5',
    'automountServiceAccountToken: false',
    '{"volumes":[{"secret":{"secretName":"du-config"}}],"imagePullSecrets":[{"name":"regcred"}]}',
    'image r.example/vault-secret:1.2.3 is there',
    'env:\n- name: TOKEN\n  valueFrom:\n    secretKeyRef: {name: du}',
    'secret:\n  secretName: du-config',
    'https://10.0.0.1:6443/api/v1/namespaces/x/pods',
    'https://r.example:5000/v2/du@sha256:0123',
    'https://[fd00::1]:6443/x@y',
  ])('is not what only speaks of one: %s', (text) => {
    expect(maskSecrets(text)).toBe(text)
  })

  it.each(['eyJ-', 'a://b:', 'token: ', 'token="', '\\"', '-----BEGIN PRIVATE KEY-----', 'digest a='])(
    'is looked for in a long text of %s without end',
    (unit) => {
      expect(maskSecrets(unit.repeat(10_000))).toBeTypeOf('string')
    },
  )

  it('goes wherever its name is, whatever stands around it', () => {
    const value = fc.stringMatching(/^[A-Z][0-9][a-z][0-9][A-Za-z0-9+/_-]{8,40}$/)
    const around = fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/["'\\]/g, ''))
    const shape = fc.constantFrom(
      (secret: string) => `password: ${secret}`,
      (secret: string) => `access_token=${secret}`,
      (secret: string) => `--token ${secret}`,
      (secret: string) => `{"auth":"${secret}"}`,
      (secret: string) => `Bearer ${secret}`,
    )
    fc.assert(
      fc.property(around, shape, value, around, (before, write, secret, after) => {
        expect(maskSecrets(`${before} ${write(secret)} ${after}`)).not.toContain(secret)
      }),
    )
  })
})
