import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../scripts/install-redis.sh', import.meta.url))

describe('scripts/install-redis.sh', () => {
  let bin: string

  beforeEach(async () => {
    bin = await mkdtemp(join(tmpdir(), 'o2ims-path-'))
    await symlink('/bin/cat', join(bin, 'cat'))
  })
  afterEach(() => rm(bin, { recursive: true }))

  const run = (env = {}) =>
    spawnSync('/bin/sh', [SCRIPT], { env: { PATH: bin, ...env }, encoding: 'utf8', timeout: 10_000 })
  const put = async (name: string, text: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(bin, name), 0o755)
  }

  test.each(['redis-server', 'valkey-server'])('does nothing where %s is on the PATH', async (name) => {
    await put(name, 'exit 1')
    expect(run()).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  test('says what to do where there is no apt-get', () => {
    const { status, stderr } = run()
    expect(status).toBe(1)
    expect(stderr).toContain('redis-server (or valkey-server) is not on the PATH')
    expect(stderr).toContain('there is no apt-get here')
    expect(stderr).toContain('brew install redis')
  })

  test('never asks for a password', async () => {
    await put('apt-get', 'echo apt-get was called >&2')
    await put('id', 'echo 1000')
    await put('sudo', 'exit 1')
    const { status, stderr } = run()
    expect(status).toBe(1)
    expect(stderr).toContain('sudo would ask for a password')
    expect(stderr).not.toContain('apt-get was called')
  })
})
