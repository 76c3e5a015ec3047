import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** What a user shows to the API server. */
export type Credential = { token: string } | { certificate: string; key: string }

/** Users of a control plane with all rights, each by a token of its own, so that the audit log tells them apart. */
export const SUPERUSERS = ['admin', 'harness', 'controller-manager', 'scheduler', 'kwok'] as const
export type Superuser = (typeof SUPERUSERS)[number]

export interface Access {
  /** The arguments of kube-apiserver that make it know these users. */
  readonly serverArguments: string[]
  token(user: Superuser): string
  /** A client certificate for a user; needs openssl. */
  certificate(user: string, groups: string[]): Credential
}

/** Writes the token file, the key for service accounts and, where asked, a client CA. */
export function createAccess(folder: string, clientCertificates: boolean): Access {
  const tokens = new Map(SUPERUSERS.map((user) => [user, randomBytes(24).toString('hex')]))
  const lines = [...tokens].map(([user, token]) => `${token},${user},${user},"system:masters"\n`)
  writeFileSync(join(folder, 'tokens.csv'), lines.join(''), { mode: 0o600 })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  if (clientCertificates) {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-subj',
      '/CN=test-ca',
      '-days',
      '2',
    )
  }
  return {
    serverArguments: [
      '--token-auth-file=tokens.csv',
      '--service-account-issuer=https://kubernetes.default.svc',
      '--service-account-key-file=sa.key',
      '--service-account-signing-key-file=sa.key',
      ...(clientCertificates ? ['--client-ca-file=ca.crt'] : []),
    ],
    token: (user) => tokens.get(user) ?? '',
    certificate(user, groups) {
      const subject = `${groups.map((group) => `/O=${group}`).join('')}/CN=${user}`
      openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${user}.key`, '-out', `${user}.csr`, '-subj', subject)
      openssl(
        'x509',
        '-req',
        '-in',
        `${user}.csr`,
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-out',
        `${user}.crt`,
        '-days',
        '2',
      )
      const read = (file: string) => readFileSync(join(folder, file), 'utf8')
      return { certificate: read(`${user}.crt`), key: read(`${user}.key`) }
    },
  }

  function openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore', timeout: 30_000 })
  }
}

/** A kubeconfig with everything in it, as kubectl, kpt and the driver read it. */
export function kubeconfigOf(server: string, authority: string, credential: Credential): string {
  const user =
    'token' in credential
      ? { token: credential.token }
      : {
          'client-certificate-data': base64(credential.certificate),
          'client-key-data': base64(credential.key),
        }
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
