import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endOrphans } from '../../src/tools/leftovers.ts'
import { eventually } from '../harness/eventually.ts'
import { childrenOf } from '../harness/leftovers.ts'
import { needs } from '../harness/needs.ts'
import { fromGit, type GitWorker, gitWorker } from './git-parts.ts'
import { CONFIG_MAP, type GitServer, startGitServer } from './git-server.ts'

const FETCHER = fileURLToPath(new URL('git-fetcher.ts', import.meta.url))

describe('a private repository', needs('git'), () => {
  let server: GitServer
  let worker: GitWorker
  let folder: string
  const token = `marked-${randomBytes(12).toString('hex')}`
  const encoded = Buffer.from(`git:${token}`).toString('base64')
  const source = (credential?: string) =>
    fromGit({ repository: server.url('private'), ref: 'v1', ...(credential !== undefined && { credential }) })

  beforeAll(async () => {
    server = await startGitServer()
    server.repository('private').commit({ 'pkg/a.yaml': CONFIG_MAP('a') }, { tag: 'v1' })
    folder = mkdtempSync(join(tmpdir(), 'o2ims-git-private-'))
    worker = gitWorker()
  })
  afterAll(async () => {
    await server?.close()
    worker?.dispose()
    rmSync(folder, { recursive: true, force: true })
  })
  afterEach(() => {
    server.behaviour = 'sound'
    delete server.redirectTo
  })

  test('is read with its credential, by token or by name and password, and by nobody else, also once it is here', async () => {
    server.credential = `git:${token}`
    await expect(worker.render(source())).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      retryable: false,
      message: expect.stringContaining('asks for a credential'),
    })
    await expect(worker.render(source('wrong-token'))).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringMatching(/refuses the credential(?!.*wrong-token)/s),
    })
    const { objects, source: origin } = await worker.render(source(token))
    expect(objects).toHaveLength(1)
    expect(JSON.stringify(origin)).not.toContain(token)
    const pinned = origin?.from === 'git' ? origin.commit : ''
    for (const credential of [undefined, 'wrong-token']) {
      const again = fromGit({ repository: server.url('private'), ref: pinned, ...(credential && { credential }) })
      await expect(worker.render(again)).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' })
    }
    server.credential = 'someone:p@ss:word%41'
    expect((await worker.render(source('someone:p@ss:word%41'))).objects).toHaveLength(1)
  })

  test('is read by nobody whose bad credential waited while a good one fetched it', async () => {
    server.credential = `git:${token}`
    const at = (ref: string, credential: string) => fromGit({ repository: server.url('private'), ref, credential })
    const { source: origin } = await worker.render(source(token))
    const pinned = origin?.from === 'git' ? origin.commit : ''
    let overtaken = false
    const fresh: GitWorker = gitWorker({
      async withLock(_name, signal, work) {
        if (!overtaken) {
          overtaken = true
          await fresh.render(at(pinned, token))
        }
        return work(signal)
      },
    })
    try {
      await expect(fresh.render(at(pinned, 'wrong-token'))).rejects.toMatchObject({
        code: 'PREFLIGHT_FAILED',
        message: expect.stringContaining('refuses the credential'),
      })
      expect(readdirSync(fresh.folder)).toEqual([expect.stringContaining(pinned)])
      server.asked.length = 0
      expect((await fresh.render(at(pinned, token))).objects).toHaveLength(1)
      expect(server.asked.filter((line) => line.endsWith('fetch'))).toEqual([])
      expect(server.asked).not.toEqual([])
    } finally {
      fresh.dispose()
    }
  })

  test('its credential is in no argument, environment, file, log line or error while git works with it', async () => {
    server.credential = `git:${token}`
    const found: string[] = []
    const slow = gitWorker({ times: { askMs: 1500 } })
    try {
      for (const behaviour of ['stall', 'hang', 'broken'] as const) {
        server.behaviour = behaviour
        const stop = new AbortController()
        const rendering = slow.render(source(token), {
          signal: stop.signal,
          run: { reference: 'git-secrets', step: 'workload' },
        })
        const failed = rendering.then(
          () => 'fine',
          (error: unknown) => `${String(error)} ${JSON.stringify(error)}`,
        )
        if (behaviour !== 'broken')
          await eventually(() => expect(childrenOf('git-secrets').length).toBeGreaterThan(1), 3000)
        found.push(
          ...processesWith([token, encoded]),
          ...filesWith([slow.folder, slow.runDir, '/dev/shm'], [token, encoded]),
        )
        stop.abort(new Error('enough'))
        const words = await failed
        if (words.includes(token) || words.includes(encoded)) found.push(words)
      }
      expect(slow.log()).not.toContain(token)
      expect(found).toEqual([])
      expect(childrenOf('git-secrets')).toEqual([])
    } finally {
      slow.dispose()
    }
  })

  test('its credential goes nowhere else: a redirect is not followed', async () => {
    server.credential = `git:${token}`
    const other = await startGitServer()
    try {
      other.repository('private').commit({ 'pkg/a.yaml': CONFIG_MAP('theirs') }, { tag: 'v1' })
      server.redirectTo = new URL('/', other.url('x')).href.replace(/\/$/, '')
      await expect(worker.render(source(token))).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' })
      expect(other.asked).toEqual([])
    } finally {
      await other.close()
    }
  })

  test('F16: a worker that is killed in the middle of a clone leaves no credential and no process, and the next one clears up and goes on', async () => {
    server.credential = `git:${token}`
    server.behaviour = 'stall'
    const dead = spawn(process.execPath, [FETCHER, folder, server.url('private'), 'v1'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    const gone = once(dead, 'exit')
    dead.stdin.end(token)
    const clones = join(folder, 'packages')
    await eventually(() => expect(readdirSync(clones)).toEqual([expect.stringMatching(/^making-/)]), 10_000)
    await eventually(() =>
      expect(childrenOf('git-fetcher').some(({ command }) => command.includes('fetch'))).toBe(true),
    )
    dead.kill('SIGKILL')
    await gone
    await endOrphans()
    expect(childrenOf('git-fetcher')).toEqual([])
    expect(filesWith([folder, '/dev/shm'], [token, encoded])).toEqual([])
    expect(readdirSync(clones)).toEqual([expect.stringMatching(/^making-/)])

    server.behaviour = 'sound'
    const next = gitWorker({ dataDir: folder })
    expect((await next.render(source(token))).objects).toHaveLength(1)
    expect(readdirSync(clones)).toEqual([expect.stringMatching(/^[0-9a-f]{32}-[0-9a-f]{40}$/)])
    expect(next.log()).toContain('half-made clones of a worker that died were removed')
  })
})

/** Other processes that hold one of the texts in arguments or environment. */
function processesWith(texts: readonly string[]): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) =>
    ['cmdline', 'environ'].flatMap((file) => {
      try {
        const content = readFileSync(`/proc/${pid}/${file}`, 'latin1')
        return texts.some((text) => content.includes(text)) ? [`/proc/${pid}/${file}`] : []
      } catch {
        return []
      }
    }),
  )
}

function filesWith(folders: readonly string[], texts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    spawnSync('grep', ['-rlsF', '--', text, ...folders], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean),
  )
}
