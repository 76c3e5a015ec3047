import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { GitSource } from '../../src/packages/package-port.ts'
import { needs } from '../harness/needs.ts'
import { fromGit, type GitWorker, gitWorker } from './git-parts.ts'
import { CONFIG_MAP, type GitServer, KPTFILE, startGitServer, type TestRepository } from './git-server.ts'

describe('a package from git', needs('git'), () => {
  let server: GitServer
  let worker: GitWorker
  let repository: TestRepository
  const commits: Record<string, string> = {}

  beforeAll(async () => {
    server = await startGitServer()
    worker = gitWorker()
    repository = server.repository('packages')
    commits.one = repository.commit({ 'pkg/Kptfile': KPTFILE('one'), 'pkg/a.yaml': CONFIG_MAP('one') }, { tag: 'v1' })
    commits.two = repository.commit(
      {
        'pkg/Kptfile': KPTFILE('two'),
        'pkg/a.yaml': CONFIG_MAP('two', ['a: "größe" # kpt-set: $\u007ba}']),
        'pkg/bytes.bin': 'not yaml',
        'pkg/deep/er/b.yml': CONFIG_MAP('deep'),
        'pkg/.hidden/c.yaml': 'no: [yaml',
        'top.yaml': CONFIG_MAP('top'),
        'linked/a.yaml': '-> ../top.yaml',
        'out/a.yaml': '-> ../../../etc/passwd',
        'absolute/a.yaml': '-> /etc/passwd',
        'nowhere/a.yaml': '-> missing.yaml',
        'round/a.yaml': '-> a.yaml',
        'folder/a.yaml': CONFIG_MAP('a'),
        'folder/sub': '-> ../pkg',
        'large/a.yaml': 'x'.repeat(1024 * 1024 + 1),
        'none/README.md': 'nothing',
      },
      { tag: 'v2', annotated: true },
    )
    repository.git('branch', 'release/2')
  })
  afterAll(async () => {
    await server?.close()
    worker?.dispose()
  })
  afterEach(() => {
    server.behaviour = 'sound'
    server.asked.length = 0
    delete server.credential
    delete server.redirectTo
    delete server.refuseWith
  })

  const at = (ref: string, more: Partial<GitSource> = {}): GitSource => ({
    repository: server.url('packages'),
    ref,
    ...more,
  })
  const names = async (ref: string, directory = 'pkg') =>
    (await worker.render(fromGit(at(ref), directory))).objects.map(({ metadata }) => metadata.name)

  test('is read at a tag, an annotated tag, a branch and a commit, and says which commit that is', async () => {
    expect(await names('v1')).toEqual(['one'])
    expect(await names('v2')).toEqual(['two', 'deep'])
    expect(await names(commits.one ?? '')).toEqual(['one'])
    const { source, name } = await worker.render(fromGit(at('release/2')))
    expect(name).toBe('two')
    expect(source).toEqual({
      from: 'git',
      repository: server.url('packages'),
      ref: 'release/2',
      commit: commits.two,
      directory: 'pkg',
    })
  })

  test('takes values and keeps letters outside of ASCII', async () => {
    expect((await worker.render(fromGit(at('v2')))).objects[0]?.data).toEqual({ a: 'größe' })
    const set = await worker.render(fromGit(at('v2'), 'pkg', { values: { a: 'ж' } }))
    expect(set.objects[0]?.data).toEqual({ a: 'ж' })
  })

  test('may be a subdirectory, written as people do, and may link a file inside of the repository', async () => {
    expect(await names('v2', './pkg//deep/')).toEqual(['deep'])
    expect(await names('v2', 'linked')).toEqual(['top'])
  })

  test.each([
    ['out', 'a.yaml is a link that leads out of the repository'],
    ['absolute', 'a.yaml is a link that leads out of the repository'],
    ['nowhere', 'a.yaml is a link that leads nowhere'],
    ['round', 'a.yaml is a link that leads nowhere'],
    ['folder', 'sub is a link to a folder'],
    ['large', 'a.yaml is larger than 1048576 bytes'],
    ['none', 'holds no YAML file'],
    ['missing', 'does not exist in http://127.0.0.1'],
    ['top.yaml', 'does not exist in http://127.0.0.1'],
  ])('in the directory %s is refused: %s', async (directory, message) => {
    await expect(names('v2', directory)).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      retryable: false,
      message: expect.stringContaining(message),
    })
  })

  test.each(['../pkg', 'pkg/../../x', '/etc', 'pkg/.git', 'a\\b', 'a\nb'])(
    'whose directory climbs or is none is refused: %j',
    async (directory) => {
      await expect(names('v2', directory)).rejects.toMatchObject({ code: 'INVALID_ARGS' })
      expect(server.asked).toEqual([])
    },
  )

  test('that holds another repository is refused', async () => {
    const outer = server.repository('outer')
    outer.commit({ 'pkg/a.yaml': CONFIG_MAP('a') })
    outer.git('update-index', '--add', '--cacheinfo', `160000,${commits.one},pkg/inner`)
    outer.git('commit', '-q', '-m', 'inner')
    const source = fromGit({ repository: server.url('outer'), ref: 'main' })
    await expect(worker.render(source)).rejects.toMatchObject({
      message: expect.stringContaining('another repository'),
    })
  })

  test.each([
    ['that is nowhere', 'v9', 'has no tag and no branch "v9"'],
    ['with some of its digits', 'abcdef1', 'has no tag and no branch "abcdef1"'],
    ['of a commit that is nowhere', 'f'.repeat(40), `has no commit ${'f'.repeat(40)}`],
    ['with the digits of another format', 'f'.repeat(64), 'has another object format'],
  ])('a ref %s is refused', async (_, ref, message) => {
    await expect(names(ref)).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      retryable: false,
      message: expect.stringContaining(message),
    })
  })

  test('a repository that is none is refused', async () => {
    const source = fromGit({ repository: server.url('nothing'), ref: 'v1' })
    await expect(worker.render(source)).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      retryable: false,
      message: expect.stringContaining('is no repository that can be read'),
    })
  })

  test('a web server that has the files of a repository, and nothing of git, is refused at once', async () => {
    repository.git('update-server-info')
    server.behaviour = 'dumb'
    const fresh = gitWorker()
    try {
      await expect(fresh.render(fromGit(at('v1')))).rejects.toMatchObject({
        code: 'PREFLIGHT_FAILED',
        retryable: false,
        message: expect.stringMatching(/does not speak the protocol of git .*dumb http/),
      })
    } finally {
      fresh.dispose()
    }
  })

  test.each([
    [403, 'refuses the credential'],
    [406, 'refuses the request'],
    [410, 'is no repository'],
  ])('a server that answers %i is not asked again', async (status, message) => {
    server.refuseWith = status
    await expect(names('v1')).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      retryable: false,
      message: expect.stringContaining(message),
    })
  })

  test('is fetched once: a commit that is here needs no remote, a tag is asked for and not fetched again', async () => {
    await names('v1')
    server.asked.length = 0
    await names(commits.one ?? '')
    expect(server.asked).toEqual([])
    await names('v1')
    expect(server.asked.filter((line) => line.includes('fetch'))).toEqual([])
    expect(server.asked.length).toBeGreaterThan(0)
  })

  test('two runs at once fetch once', async () => {
    const fresh = gitWorker()
    try {
      const runs = [1, 2, 3].map(() => fresh.render(fromGit(at('v1'))))
      expect((await Promise.all(runs)).map(({ name }) => name)).toEqual(['one', 'one', 'one'])
      expect(server.asked.filter((line) => line.endsWith('fetch'))).toHaveLength(1)
      expect(readdirSync(fresh.folder)).toHaveLength(1)
    } finally {
      fresh.dispose()
    }
  })

  test('the commit that a generation found stays its commit when the branch moves', async () => {
    const moving = server.repository('moving')
    const first = moving.commit({ 'pkg/a.yaml': CONFIG_MAP('first') })
    const source = fromGit({ repository: server.url('moving'), ref: 'main' })
    expect((await worker.render(source)).source).toMatchObject({ commit: first })
    moving.commit({ 'pkg/a.yaml': CONFIG_MAP('second') })
    const fresh = gitWorker()
    try {
      const pinned = await fresh.render({ ...source, commit: first })
      expect(pinned.objects[0]?.metadata.name).toBe('first')
      expect((await fresh.render(source)).objects[0]?.metadata.name).toBe('second')
    } finally {
      fresh.dispose()
    }
  })

  test('a server that gives no commit by its name is asked for everything', async () => {
    const strict = server.repository('strict')
    const first = strict.commit({ 'pkg/a.yaml': CONFIG_MAP('first') })
    strict.commit({ 'pkg/a.yaml': CONFIG_MAP('second') })
    strict.git('config', 'uploadpack.allowAnySHA1InWant', 'false')
    const source = fromGit({ repository: server.url('strict'), ref: first })
    expect((await worker.render(source)).objects[0]?.metadata.name).toBe('first')
  })

  test('a repository that is away is worth another try, and what is here is used meanwhile', async () => {
    await names('v1')
    await server.away()
    try {
      await expect(names('v1')).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining('cannot be reached'),
      })
      expect(await names(commits.one ?? '')).toEqual(['one'])
    } finally {
      await server.back()
    }
    server.behaviour = 'broken'
    await expect(names('v1')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    server.behaviour = 'sound'
    expect(await names('v1')).toEqual(['one'])
  })

  test('a server that hangs is left at the time limit of a question and of a fetch', async () => {
    const hasty = gitWorker({ times: { askMs: 300, fetchMs: 300 } })
    try {
      server.behaviour = 'hang'
      await expect(hasty.render(fromGit(at('v1')))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
        message: expect.stringMatching(/does not answer: git/),
      })
      server.behaviour = 'stall'
      await expect(hasty.render(fromGit(at('v1')))).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      expect(readdirSync(hasty.folder)).toEqual([])
    } finally {
      hasty.dispose()
    }
  })

  test('the request’s signal ends a fetch, with its reason', async () => {
    const fresh = gitWorker()
    const stop = new AbortController()
    const reason = new Error('superseded')
    try {
      server.behaviour = 'stall'
      const rendering = fresh.render(fromGit(at('v1')), { signal: stop.signal })
      setTimeout(() => stop.abort(reason), 200)
      await expect(rendering).rejects.toBe(reason)
      expect(readdirSync(fresh.folder)).toEqual([])
    } finally {
      fresh.dispose()
    }
  })

  test('clones that were not used for longest go when there are too many; one that is too large never stays', async () => {
    const small = gitWorker({ limits: { entries: 1 } })
    const tiny = gitWorker({ limits: { bytes: 100 } })
    try {
      await small.render(fromGit(at('v1')))
      await small.render(fromGit(at('v2')))
      expect(readdirSync(small.folder).map((name) => name.slice(33))).toEqual([commits.two])
      await expect(tiny.render(fromGit(at('v1')))).rejects.toMatchObject({
        code: 'PREFLIGHT_FAILED',
        message: expect.stringContaining('PACKAGE_CACHE_MB'),
      })
      expect(readdirSync(tiny.folder)).toEqual([])
    } finally {
      small.dispose()
      tiny.dispose()
    }
  })

  test('a clone that was damaged is fetched anew', async () => {
    const fresh = gitWorker()
    try {
      await fresh.render(fromGit(at('v1')))
      const [entry = ''] = readdirSync(fresh.folder)
      repository.git('--git-dir', `${fresh.folder}/${entry}`, 'config', 'core.repositoryformatversion', '99')
      expect((await fresh.render(fromGit(at(commits.one ?? '')))).name).toBe('one')
    } finally {
      fresh.dispose()
    }
  })

  test('half-made clones of another machine go when they are old; those that it may still be making stay', async () => {
    const fresh = gitWorker()
    const [old, young] = ['a', 'b'].map((letter) => `making-7-7-${letter.repeat(8)}-${letter.repeat(12)}`)
    try {
      for (const name of [old, young]) mkdirSync(join(fresh.folder, String(name)), { recursive: true })
      utimesSync(join(fresh.folder, String(old)), 0, 0)
      await fresh.render(fromGit(at('v1')))
      expect(readdirSync(fresh.folder).filter((name) => name.startsWith('making-'))).toEqual([young])
    } finally {
      fresh.dispose()
    }
  })

  test('links are as large as what they lead to: too many to one large file are refused, and the shared clone stays', async () => {
    const linked = server.repository('links')
    const links = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`pkg/l${n}.yaml`, '-> ../one.yaml']))
    linked.commit({ ...links, 'one.yaml': 'x'.repeat(1_000_000), 'fine/a.yaml': CONFIG_MAP('fine') })
    const fresh = gitWorker()
    const source = (directory: string) => fromGit({ repository: server.url('links'), ref: 'main' }, directory)
    try {
      await fresh.render(source('fine'))
      const [entry = ''] = readdirSync(fresh.folder)
      const { ino } = statSync(join(fresh.folder, entry))
      await expect(fresh.render(source('pkg'))).rejects.toMatchObject({
        code: 'PREFLIGHT_FAILED',
        message: expect.stringContaining('is larger than 6291456 bytes'),
      })
      expect(statSync(join(fresh.folder, entry)).ino).toBe(ino)
    } finally {
      fresh.dispose()
    }
  })

  test.each(['commit', 'root', 'folder', 'file'])('a clone whose %s was lost is fetched anew', async (what) => {
    const fresh = gitWorker()
    try {
      const source = fromGit(at(commits.two ?? ''), 'pkg/deep/er')
      await fresh.render(source)
      const [entry = ''] = readdirSync(fresh.folder)
      const clone = join(fresh.folder, entry)
      const spec = { commit: '', root: '^{tree}', folder: ':pkg/deep', file: ':pkg/deep/er/b.yml' }[what]
      const lost = repository.git('rev-parse', `${commits.two}${spec}`)
      lose(clone, lost)
      expect((await fresh.render(source)).objects.map(({ metadata }) => metadata.name)).toEqual(['deep'])
    } finally {
      fresh.dispose()
    }
  })

  /** Takes one object out of a clone. */
  function lose(clone: string, object: string): void {
    const packs = join(clone, 'objects', 'pack')
    for (const name of existsSync(packs) ? readdirSync(packs).filter((one) => one.endsWith('.pack')) : []) {
      const pack = readFileSync(join(packs, name))
      rmSync(packs, { recursive: true })
      execFileSync('git', ['--git-dir', clone, 'unpack-objects', '-q'], { input: pack })
    }
    rmSync(join(clone, 'objects', object.slice(0, 2), object.slice(2)))
  }

  test('hooks, filters and configuration of the repository and of the worker’s user do nothing', async () => {
    const trapped = server.repository('trapped')
    trapped.commit({
      'pkg/a.yaml': CONFIG_MAP('a', ['a: b']),
      '.gitattributes': '*.yaml filter=evil eol=crlf\n',
      '.gitmodules': '[submodule "x"]\n  path = x\n  url = ext::sh -c touch% /tmp/never\n',
    })
    const source = fromGit({ repository: server.url('trapped'), ref: 'main' })
    expect((await worker.render(source)).objects[0]?.data).toEqual({ a: 'b' })
  })
})
