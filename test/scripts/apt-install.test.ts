import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../scripts/apt-install.sh', import.meta.url))

describe('scripts/apt-install.sh', () => {
  let bin: string

  /** Nothing is done on this machine: what would be done as root is noted. */
  beforeEach(async () => {
    bin = await mkdtemp(join(tmpdir(), 'o2ims-path-'))
    for (const tool of ['cat', 'sed']) await symlink(`/bin/${tool}`, join(bin, tool))
    await put('id', 'echo 1000')
    await put('sudo', `shift; echo "$*" >>"${bin}/done"; case "$*" in tee*) cat >&2;; *apt-get*) "$@";; esac`)
    await put('env', 'shift; "$@"')
    await put('apt-get', 'exit 0')
    await put('dpkg', 'echo /lib/systemd/system/ssh.service; echo /lib/systemd/system/ssh@.service')
    await put('systemctl', 'exit 0')
  })
  afterEach(() => rm(bin, { recursive: true }))

  const run = (...packages: string[]) =>
    spawnSync('/bin/sh', [SCRIPT, ...packages], { env: { PATH: bin }, encoding: 'utf8', timeout: 10_000 })
  const put = async (name: string, text: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(bin, name), 0o755)
  }
  /** In order, with what counts of it; whether this machine has a policy of its own does not. */
  const done = async () => {
    const lines = (await readFile(join(bin, 'done'), 'utf8')).split('\n').filter((line) => !/^(mv |$)/.test(line))
    return lines.map((line) => line.replace(/.*apt-get (\w+).*?(( [a-z-]+)*)$/, 'apt-get $1$2'))
  }

  test('forbids services while it installs, and leaves none enabled', async () => {
    const { status, stderr } = run('openssh-server')
    expect(status).toBe(0)
    expect(stderr).toContain('exit 101')
    expect(await done()).toEqual([
      'tee /usr/sbin/policy-rc.d',
      'chmod 755 /usr/sbin/policy-rc.d',
      'apt-get install openssh-server',
      'systemctl disable --quiet ssh.service',
      'rm -f /usr/sbin/policy-rc.d',
    ])
  })

  test('asks for new lists when the old ones do not do, and fails with the words of apt', async () => {
    await put('apt-get', 'echo "E: no package" >&2; [ "$1" = update ]')
    const { status, stderr } = run('nonesuch')
    expect(status).not.toBe(0)
    expect(stderr).toContain('E: no package')
    expect((await done()).slice(2)).toEqual([
      'apt-get install nonesuch',
      'apt-get update -qq',
      'apt-get install nonesuch',
      'rm -f /usr/sbin/policy-rc.d',
    ])
  })
})
