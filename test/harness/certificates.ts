import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  /** PEM. */
  cert: string
  key: string
}

/** An authority of its own, made by openssl. */
export interface Authority {
  /** Its own certificate, PEM. */
  ca: string
  /** `subject`: e.g. `client`; `names`: e.g. `DNS:smo.example,IP:127.0.0.1`. */
  issue(subject: string, names?: string): Certificate
  dispose(): void
}

export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-authority-'))
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore', timeout: 30_000 })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const request = (name: string) => [
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-subj',
    `/CN=${name}`,
  ]
  openssl(...request('authority'), '-x509', '-out', 'authority.crt', '-days', '2')
  return {
    ca: read('authority.crt'),
    issue(subject, names = `DNS:${subject}`) {
      writeFileSync(join(folder, `${subject}.ext`), `subjectAltName=${names}\n`)
      openssl(...request(subject), '-out', `${subject}.csr`)
      const signer = ['-CA', 'authority.crt', '-CAkey', 'authority.key', '-CAcreateserial']
      const issued = ['-out', `${subject}.crt`, '-days', '2', '-extfile', `${subject}.ext`]
      openssl('x509', '-req', '-in', `${subject}.csr`, ...signer, ...issued)
      return { cert: read(`${subject}.crt`), key: read(`${subject}.key`) }
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}
