import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Children, createChildren, freePorts } from '../harness/children.ts'
import { eventually } from '../harness/eventually.ts'
import { childrenOf } from '../harness/leftovers.ts'
import { needs } from '../harness/needs.ts'
import { fromGit, type GitWorker, gitWorker } from './git-parts.ts'
import { CONFIG_MAP, makeRepository, type TestRepository } from './git-server.ts'

describe('a repository behind ssh', needs('git', 'sshd'), () => {
  let folder: string
  let sshd: Children
  let worker: GitWorker
  let repository: TestRepository
  let port = 0
  let hostKeys = ''
  const key = (name: string) => readFileSync(join(folder, name), 'utf8')
  const source = (more: { credential?: string; hostKeys?: string } = {}) => {
    const url = `ssh://${userInfo().username}@127.0.0.1:${port}${repository.folder}`
    return fromGit({ repository: url, ref: 'v1', credential: key('allowed'), hostKeys, ...more })
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'o2ims-ssh-'))
    chmodSync(folder, 0o755)
    for (const name of ['host', 'allowed', 'stranger'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)])
    writeFileSync(join(folder, 'authorized_keys'), key('allowed.pub'))
    ;[port = 0] = await freePorts(1)
    hostKeys = `[127.0.0.1]:${port} ${key('host.pub')}`
    repository = makeRepository(join(folder, 'packages'))
    repository.commit({ 'pkg/a.yaml': CONFIG_MAP('a') }, { tag: 'v1' })
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
    sshd = createChildren('o2ims-sshd-')
    const settings = {
      AuthorizedKeysFile: join(folder, 'authorized_keys'),
      HostKey: join(folder, 'host'),
      ListenAddress: '127.0.0.1',
      PasswordAuthentication: 'no',
      PidFile: 'none',
      Port: port,
      StrictModes: 'no',
      UsePAM: 'no',
    }
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    const server = sshd.start('sshd', binary('sshd'), ['-D', '-e', '-f', '/dev/null', ...options])
    await eventually(() => expect(server.tail()).toContain('Server listening'))
    worker = gitWorker()
  })
  afterAll(async () => {
    await sshd?.stop()
    worker?.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  test('is read with a private key and its host keys', async () => {
    const { objects, source: origin } = await worker.render(source())
    expect(objects).toHaveLength(1)
    expect(origin).toMatchObject({ ref: 'v1' })
  })

  test('refuses another key; a host that is not known gets none', async () => {
    await expect(worker.render(source({ credential: key('stranger') }))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      retryable: false,
      message: expect.stringContaining('refuses the credential'),
    })
    const other = `[127.0.0.1]:${port} ${key('stranger.pub')}`
    await expect(worker.render(source({ hostKeys: other }))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining('shows a host key that is not known'),
    })
  })

  test('that is not there is refused at once; a server that is away is worth another try', async () => {
    const url = (port: number) => `ssh://${userInfo().username}@127.0.0.1:${port}${folder}/nothing`
    const nothing = { ref: 'v1', credential: key('allowed'), hostKeys }
    await expect(worker.render(fromGit({ ...nothing, repository: url(port) }))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      retryable: false,
      message: expect.stringContaining('is no repository that can be read'),
    })
    const [silent = 0] = await freePorts(1)
    await expect(worker.render(fromGit({ ...nothing, repository: url(silent) }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
  })

  test('its key is in no argument, environment or file while git works with it', async () => {
    const line = key('allowed').split('\n')[2] ?? ''
    const slow = gitWorker()
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    const stop = new AbortController()
    try {
      if (address === null || typeof address === 'string') throw new Error('no port')
      const url = `ssh://git@127.0.0.1:${address.port}/x`
      const git = { repository: url, ref: 'v1', credential: key('allowed'), hostKeys }
      const run = { reference: 'git-ssh', step: 's' }
      const rendering = expect(slow.render(fromGit(git), { signal: stop.signal, run })).rejects.toBeDefined()
      await eventually(() => expect(childrenOf('git-ssh').some(({ command }) => command.startsWith('ssh '))).toBe(true))
      for (const { pid, command } of childrenOf('git-ssh')) {
        expect(command).not.toContain(line)
        expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain(line)
      }
      expect(existsSync(slow.runDir)).toBe(false)
      stop.abort(new Error('enough'))
      await rendering
      expect(childrenOf('git-ssh')).toEqual([])
    } finally {
      silent.close()
      slow.dispose()
    }
  })
})

/** sshd wants to be called by its whole path. */
function binary(name: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((path) => join(path, name)).find((path) => existsSync(path)) ?? name
}
