import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readNodeLogs, scrubbed, sizeOf, withLogFolder } from '../../src/tools/kind-logs.ts'

const folder = mkdtempSync(join(tmpdir(), 'o2ims-kind-logs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function exported(name: string, files: Record<string, string>): string {
  const root = join(folder, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

describe('the logs of an export', () => {
  test('are those of nodes and of the pods of Kubernetes itself, what tells most first; nothing else is opened', async () => {
    const root = exported('kinds', {
      'n1/journal.log': 'journal',
      'n1/kubelet.log': 'kubelet',
      'n1/serial.log': 'serial',
      'n1/inspect.json': '{"Env": ["HTTP_PROXY=http://me:hunter2@proxy"]}',
      'n1/kubeconfig.log': 'client-key-data: abc',
      'n1/pods/kube-system_etcd-n1_1/etcd/0.log': 'etcd',
      'n1/pods/ran_du-1_2/du/0.log': 'a workload',
      'docker-info.txt': 'docker',
    })
    symlinkSync('/etc/passwd', join(root, 'n1', 'containerd.log'))
    expect((await readNodeLogs(root, 10_000)).map(({ name }) => name)).toEqual([
      'n1/serial.log',
      'n1/kubelet.log',
      'n1/pods/kube-system_etcd-n1_1/etcd/0.log',
      'n1/journal.log',
    ])
    expect(await sizeOf(root)).toBeGreaterThan(50)
  })

  test('are cut at their beginning, at a line, and are no longer in all than asked for', async () => {
    const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}`).join('\n')
    const root = exported('long', { 'n1/serial.log': lines, 'n1/kubelet.log': lines, 'n1/images.log': lines })
    const logs = await readNodeLogs(root, 70_000)
    expect(logs.map(({ name }) => name)).toEqual(['n1/serial.log', 'n1/kubelet.log', 'n1/images.log'])
    expect(logs[0]?.text.split('\n')[0]).toMatch(/^line \d+$/)
    for (const { text } of logs) expect(text.endsWith('ine 19999')).toBe(true)
    expect(Buffer.byteLength(logs.map(({ text }) => text).join(''))).toBeLessThanOrEqual(70_000)

    // What takes more room when it is readable, or masked, than as it lay there.
    const noise = exported('noise', { 'n1/serial.log': '' })
    writeFileSync(join(noise, 'n1/serial.log'), Buffer.alloc(5_000, 0xff))
    writeFileSync(join(noise, 'n1/kubelet.log'), 'token=abcdef '.repeat(1_000))
    const grown = await readNodeLogs(noise, 4_000)
    expect(Buffer.byteLength(grown.map(({ text }) => text).join(''))).toBeLessThanOrEqual(4_000)
  })

  test('are measured whole, however many files they are', async () => {
    const many = Array.from({ length: 5_100 }, (_, n) => [`n1/pods/ran_du_1/du/${n}.log`, 'x'] as const)
    expect(await sizeOf(exported('many', Object.fromEntries(many)))).toBe(5_100)
  })

  test('lose what looks like a credential, and what only a console understands', () => {
    const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----'
    const kept = scrubbed(
      [
        '\x1b[0;32m  OK  \x1b[0m started\r',
        key,
        'client-key-data: LS0tLS1CRUdJTg==',
        'join with abcdef.0123456789abcdef now',
        'Authorization: Bearer abcdefghijkl',
        'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl',
        'proxy http://me:hunter2@proxy:3128',
        '"token":"s3cr3t-value","ttl":"24h"',
      ].join('\n'),
    )
    expect(kept).toContain('OK   started\n')
    expect(kept).toContain('http://[secret]@proxy:3128')
    expect(kept).toContain('"ttl":"24h"')
    for (const secret of ['MIIE', 'LS0t', '0123456789abcdef', 'abcdefghijkl', 'eyJ', 'hunter2', 's3cr3t']) {
      expect(kept).not.toContain(secret)
    }
    // A key of which the rest of the log was cut off, and one that is not finished yet.
    expect(scrubbed('MIIEpAIBAAKCAQEA\nabc=\n-----END PRIVATE KEY-----\nfine')).toBe('[secret]\nfine')
    expect(scrubbed('fine\n-----BEGIN PRIVATE KEY-----\nMIIE')).toBe('fine\n[secret]')
  })
})

describe('the folder of an export', () => {
  test('is private, and gone afterwards, also after a failure; what a killed process left goes when it is old', async () => {
    const runDir = join(folder, 'run')
    const old = join(runDir, 'kind-logs.old')
    const young = join(runDir, 'kind-logs.young')
    const other = join(runDir, 'other')
    for (const path of [old, young, other]) mkdirSync(path, { recursive: true })
    utimesSync(old, 0, 0)
    utimesSync(other, 0, 0)
    const work = withLogFolder(runDir, async (own) => {
      writeFileSync(join(own, 'kubelet.log'), 'x')
      expect(existsSync(own)).toBe(true)
      throw new Error('the tool failed')
    })
    await expect(work).rejects.toThrow('the tool failed')
    expect(readdirSync(runDir).sort()).toEqual(['kind-logs.young', 'other'])
  })
})
