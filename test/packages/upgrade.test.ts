import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKptForFiles } from '../../src/packages/kpt-files.ts'
import { createSimulatedPackages } from '../../src/packages/simulated.ts'
import { needs } from '../harness/needs.ts'
import { silentLog } from '../harness/redis.ts'
import { simulatedWorld } from '../provisioning/steps/simulated-world.ts'
import { fromGit, type GitWorker, gitWorker } from './git-parts.ts'
import { CONFIG_MAP, type GitServer, KPTFILE, startGitServer, type TestRepository } from './git-server.ts'
import { tellUpgradeStory } from './upgrade-story.ts'

const marked = (name: string) => `# kpt-set: $\u007b${name}}`

describe('a change of the ref', needs('git', 'kpt'), () => {
  let server: GitServer
  let worker: GitWorker
  let repository: TestRepository
  const commits = { one: '', two: '' }

  beforeAll(async () => {
    server = await startGitServer()
    worker = gitWorker({ kpt: (children, runDir) => createKptForFiles({ children, runDir, log: silentLog() }) })
    repository = server.repository('packages')
    commits.one = repository.commit(
      {
        'pkg/Kptfile': KPTFILE('pkg'),
        'pkg/a.yaml': CONFIG_MAP('a', [
          `both: one ${marked('both')}`,
          `dropped: one ${marked('dropped')}`,
          'theirs: one',
          'same: one',
        ]),
        'pkg/same.yaml': CONFIG_MAP('same'),
        'pkg/gone.yaml': CONFIG_MAP('gone', [`x: one ${marked('gone')}`]),
      },
      { tag: 'v1' },
    )
    commits.two = repository.commit(
      {
        'pkg/Kptfile': KPTFILE('pkg'),
        'pkg/a.yaml': CONFIG_MAP('a', [
          `both: two ${marked('both')}`,
          'dropped: one',
          'theirs: two',
          'same: one',
          `fresh: two ${marked('fresh')}`,
        ]),
        'pkg/same.yaml': CONFIG_MAP('same'),
        'pkg/new.yaml': CONFIG_MAP('new'),
      },
      { tag: 'v2' },
    )
  })
  afterAll(async () => {
    await server?.close()
    worker?.dispose()
  })

  const render = (values: Record<string, string>, standing?: string) => {
    const git = { repository: server.url('packages'), ref: 'v2' }
    return worker.render(fromGit(git, 'pkg', { values, ...(standing !== undefined && { standing }) }))
  }

  test('is merged by kpt: values stay, also where the new package marks no setter any more; what it changed and added comes', async () => {
    const { objects, source } = await render({ both: 'mine', dropped: 'mine', fresh: 'mine' }, commits.one)
    const [a] = objects
    expect(a?.data).toEqual({ both: 'mine', dropped: 'mine', theirs: 'two', same: 'one', fresh: 'mine' })
    expect(source).toMatchObject({ commit: commits.two, mergedFrom: commits.one })
  })

  test('leaves no mark of kpt on the objects, and what did not change is as it was', async () => {
    const { objects } = await render({ both: 'mine' }, commits.one)
    expect(objects.map(({ metadata }) => metadata)).toEqual([
      { name: 'a', namespace: 'ran' },
      { name: 'new', namespace: 'ran' },
      { name: 'same', namespace: 'ran' },
    ])
  })

  test('takes away what the new package does not have, though a value was set in it, and refuses a value that nothing takes', async () => {
    await expect(render({ gone: 'mine' }, commits.one)).rejects.toMatchObject({
      code: 'INVALID_ARGS',
      message: expect.stringContaining('takes no value named "gone"'),
    })
  })

  test('is no merge where there is nothing of ours to keep, or nothing that stands', async () => {
    expect((await render({}, commits.one)).source).not.toHaveProperty('mergedFrom')
    expect((await render({ both: 'x' }, commits.two)).source).not.toHaveProperty('mergedFrom')
    await expect(render({ dropped: 'mine' })).rejects.toMatchObject({ code: 'INVALID_ARGS' })
  })

  test('takes the new package as it is when the old commit is gone for good', async () => {
    const { objects, source } = await render({ both: 'mine' }, 'a'.repeat(40))
    expect(objects[0]?.data).toMatchObject({ both: 'mine' })
    expect(source).not.toHaveProperty('mergedFrom')
  })

  test('leaves nothing behind on the machine', async () => {
    await render({ both: 'mine' }, commits.one)
    expect(readdirSync('/dev/shm').filter((name) => name.startsWith(`o2ims-scratch-${process.pid}-`))).toEqual([])
  })
})

describe('on a simulated O-Cloud', needs('git', 'kpt', 'redis'), () => {
  test('a PUT with another ref keeps values, prunes, and writes only what changed; git and kpt are real here, too', async () => {
    const server = await startGitServer()
    const { simulated, teardown } = await simulatedWorld()
    try {
      await simulated.initialise('edge')
      await tellUpgradeStory(server, simulated.open('edge'), createSimulatedPackages())
    } finally {
      await teardown()
      await server.close()
    }
  })
})
