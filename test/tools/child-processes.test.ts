import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createChildProcesses } from '../../src/tools/child-processes.ts'
import { withSecretFile } from '../../src/tools/secret-file.ts'

const children = createChildProcesses({ limit: 2, graceMs: 300 })
const sh = (script: string, more: Partial<Parameters<typeof children.run>[0]> = {}) =>
  children.run({ tool: 'sh', args: ['-c', script], timeoutMs: 10_000, ...more })

function familyOf(reference: string): string[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`O2IMS_RUN=${reference}/`)
    } catch {
      return false
    }
  })
}

describe('a child process', () => {
  test('gets its standard input and answers with output and exit code', async () => {
    const result = await sh('cat; echo wrong >&2; exit 3', { stdin: 'größe' })
    expect(result).toEqual({ exitCode: 3, stdout: 'größe', lastWords: 'wrong' })
  })

  test('takes arguments as they are: no shell reads them', async () => {
    const args = ['%s|', '$(id)', '; reboot', 'a b', '"', '*']
    const { stdout } = await children.run({ tool: 'printf', args, timeoutMs: 5_000 })
    expect(stdout).toBe(`${args.slice(1).join('|')}|`)
  })

  test('sees of our environment what a tool needs, and nothing of ours', async () => {
    const env = {
      ...process.env,
      REDIS_URL: 'redis://:secret@x',
      ENCRYPTION_KEY: 'secret',
      KUBECONFIG: '/etc/x',
      DOCKER_HOST: 'unix:///d.sock',
      NODE_OPTIONS: '--x',
    }
    const result = await createChildProcesses({ env }).run({
      tool: 'env',
      args: [],
      env: { MORE: 'yes' },
      timeoutMs: 5_000,
    })
    const names = result.stdout
      .trim()
      .split('\n')
      .map((line) => line.slice(0, line.indexOf('=')))
    expect(names).toEqual(expect.arrayContaining(['PATH', 'DOCKER_HOST', 'MORE', 'O2IMS_RUN', 'O2IMS_PARENT']))
    for (const hidden of ['REDIS_URL', 'ENCRYPTION_KEY', 'KUBECONFIG', 'NODE_OPTIONS'])
      expect(names).not.toContain(hidden)
  })

  test('that is not on the PATH is a failed precondition that says so', async () => {
    await expect(children.run({ tool: 'no-such-tool', args: [], timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining('no-such-tool is not on the PATH'),
    })
  })

  test('tells its lines as they come, also the last one without an end', async () => {
    const lines: string[] = []
    const { stdout } = await sh('echo one; printf "tw"; sleep 0.05; printf "o\\r\\nthree"; echo err >&2', {
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    })
    expect(lines.filter((line) => line.startsWith('stdout'))).toEqual(['stdout one', 'stdout two', 'stdout three'])
    expect(lines).toContain('stderr err')
    expect(stdout).toBe('')
  })

  test('is ended by what a listener throws', async () => {
    const wrong = new Error('a listener failed')
    const onLine = () => {
      throw wrong
    }
    await expect(sh('echo x; sleep 60', { onLine })).rejects.toBe(wrong)
  })

  test('F15: that takes too long is ended with all that it started, and its last words are told', async () => {
    const reference = randomUUID()
    const run = { reference, step: 's' }
    const script = 'trap "" TERM; (setsid sleep 60 &); sleep 60 & echo busy >&2; wait; sleep 60'
    await expect(sh(script, { timeoutMs: 300, run })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/did not end within 0 s: busy/),
    })
    expect(familyOf(reference)).toEqual([])
  })

  test('is ended by the signal, with its reason', async () => {
    const reason = new Error('superseded')
    const signal = new AbortController()
    const run = { reference: randomUUID(), step: 's' }
    const call = sh('echo up; sleep 60 & wait', { run, signal: signal.signal, onLine: () => signal.abort(reason) })
    await expect(call).rejects.toBe(reason)
    expect(familyOf(run.reference)).toEqual([])
    await expect(sh('true', { signal: signal.signal })).rejects.toBe(reason)
  })

  test('that was killed by somebody is told as such', async () => {
    expect(await sh('kill -9 $$')).toMatchObject({ exitCode: 128, lastWords: expect.stringContaining('SIGKILL') })
  })

  test('may write without end: what is kept is bounded', async () => {
    await expect(sh('yes')).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringContaining('wrote more than'),
    })
    const { lastWords } = await sh('yes | head -c 5000000 >&2; echo end >&2', { timeoutMs: 20_000 })
    expect(lastWords.length).toBeLessThanOrEqual(2_000)
    expect(lastWords.endsWith('end')).toBe(true)
  })

  test('has secrets masked in its last words', async () => {
    const secrets = ['hunter22', '-----BEGIN KEY-----\nMIIEabc123\n-----END KEY-----']
    const { lastWords } = await sh('echo "bad token hunter22, key MIIEabc123" >&2', { secrets })
    expect(lastWords).toBe('bad token [secret], key [secret]')
  })

  test('waits until one of the places is free', async () => {
    let running = 0
    let most = 0
    const work = () =>
      sh('echo up; sleep 0.1', {
        onLine: () => {
          most = Math.max(most, ++running)
        },
      }).finally(() => {
        running -= 1
      })
    await Promise.all(Array.from({ length: 6 }, work))
    expect(most).toBe(2)
  })

  test('gives up its place in the queue with the signal; questions do not wait behind work', async () => {
    const release = new AbortController()
    const reason = new Error('released')
    const busy = [1, 2].map(() => sh('sleep 60', { signal: release.signal }))
    const ended = Promise.allSettled(busy)
    try {
      const giveUp = new AbortController()
      const queued = sh('true', { signal: giveUp.signal })
      expect(await sh('true', { kind: 'question' })).toMatchObject({ exitCode: 0 })
      giveUp.abort(reason)
      await expect(queued).rejects.toBe(reason)
    } finally {
      release.abort(reason)
      await ended
    }
    expect(await sh('true')).toMatchObject({ exitCode: 0 })
  })
})

describe.runIf(process.platform === 'linux')('a file without a name', () => {
  test('is read by a child as often as it likes, and stands in no folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'o2ims-secret-'))
    try {
      const before = readdirSync('/dev/shm')
      const result = await withSecretFile('very secret', folder, async (descriptor) => {
        expect(readdirSync(folder)).toEqual([])
        expect(readdirSync('/dev/shm').filter((name) => !before.includes(name) && name.startsWith('o2ims-'))).toEqual(
          [],
        )
        return sh('cat /proc/self/fd/3; cat /proc/self/fd/3; cat /proc/self/fd/3', { files: [descriptor] })
      })
      expect(result.stdout).toBe('very secret'.repeat(3))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
