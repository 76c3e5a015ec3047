import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { Cluster } from '../../src/clusters/cluster.ts'
import { createKptForFiles } from '../../src/packages/kpt-files.ts'
import type { PackagePort } from '../../src/packages/package-port.ts'
import type { Made, StepRecord } from '../../src/provisioning/record.ts'
import { kptPackage } from '../../src/provisioning/steps/kpt-package.ts'
import { silentLog } from '../harness/redis.ts'
import { testContext } from '../harness/step-context.ts'
import { gitWorker } from './git-parts.ts'
import { CONFIG_MAP, type GitServer, KPTFILE } from './git-server.ts'

const marked = (name: string) => `# kpt-set: $\u007b${name}}`
const TOKEN = 'story-token-5d41402abc'

/**
 * The story of a package from a private repository on a cluster: it comes up, a PUT takes it to another ref, the same once more changes nothing, and it goes. Its values stay, what the
 * new ref does not have goes, and objects that it did not change are not written.
 */
export async function tellUpgradeStory(server: GitServer, cluster: Cluster, packages: PackagePort): Promise<void> {
  const name = `story-${randomBytes(4).toString('hex')}`
  const repository = server.repository(name)
  const shared = { 'pkg/Kptfile': KPTFILE('story'), 'pkg/same.yaml': CONFIG_MAP('same') }
  const first = { a: CONFIG_MAP('a', [`site: here ${marked('site')}`, `dropped: no ${marked('dropped')}`, 'v: "1"']) }
  const second = { a: CONFIG_MAP('a', [`site: here ${marked('site')}`, 'dropped: no', 'v: "2"']) }
  const one = repository.commit({ ...shared, 'pkg/a.yaml': first.a, 'pkg/gone.yaml': CONFIG_MAP('gone') })
  repository.git('branch', 'v1')
  const two = repository.commit({ ...shared, 'pkg/a.yaml': second.a, 'pkg/new.yaml': CONFIG_MAP('new') }, { tag: 'v2' })
  const credential = `git:${TOKEN}`
  server.credential = credential
  const worker = gitWorker({ kpt: (children, runDir) => createKptForFiles({ children, runDir, log: silentLog() }) })
  const reference = crypto.randomUUID()

  const generation = (number: number, before?: Made) => {
    const step: StepRecord = {
      name: 'workload',
      uses: 'kpt-package',
      state: 'SUCCEEDED',
      ...(before && { made: before }),
    }
    const parts = { clusters: [cluster], packages, render: worker.render, step: 'workload', reference }
    return testContext({ ...parts, generation: number, steps: [step] })
  }
  const inputs = (ref: string) =>
    kptPackage.inputs.parse({
      target: cluster.oCloudId,
      package: { repository: server.url(name), ref, directory: 'pkg', credential },
      namespace: name,
      values: { site: 'hsinchu', dropped: 'mine' },
    })
  const live = (object: string) => cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: name, name: object })
  const version = async (object: string) => (await live(object))?.metadata.resourceVersion

  try {
    const start = generation(1)
    const made = await kptPackage.verify(
      inputs('v1'),
      await kptPackage.apply(inputs('v1'), undefined, start.context),
      start.context,
    )
    expect(made.outputs.source).toMatchObject({ from: 'git', ref: 'v1', commit: one, directory: 'pkg' })
    expect((await live('a'))?.data).toEqual({ site: 'hsinchu', dropped: 'mine', v: '1' })
    const same = await version('same')
    expect(same).toBeDefined()

    const put = generation(2, made)
    const plan = await kptPackage.plan(inputs('v2'), made, put.context)
    expect(Object.fromEntries(plan.map(({ action, object }) => [object.name, action]))).toEqual({
      [name]: 'none',
      a: 'update',
      same: 'none',
      new: 'create',
      gone: 'delete',
    })
    const after = await kptPackage.verify(
      inputs('v2'),
      await kptPackage.apply(inputs('v2'), made, put.context),
      put.context,
    )
    expect(after.outputs.source).toMatchObject({ commit: two, mergedFrom: one })
    expect((await live('a'))?.data).toEqual({ site: 'hsinchu', dropped: 'mine', v: '2' })
    expect(await live('gone')).toBeUndefined()
    expect(await live('new')).toBeDefined()
    expect(await version('same')).toBe(same)

    const versions = await Promise.all(['a', 'same', 'new'].map(version))
    const retry = generation(3, after)
    const again = await kptPackage.apply(inputs('v2'), after, retry.context)
    expect(again.objects.map(({ action }) => action)).toEqual(again.objects.map(() => 'unchanged'))
    expect(await Promise.all(['a', 'same', 'new'].map(version))).toEqual(versions)

    expect(JSON.stringify([...start.checkpoints, ...put.checkpoints, ...retry.checkpoints])).not.toContain(TOKEN)
    const { left } = await kptPackage.undo(again, 'all', retry.context)
    expect(left).toEqual([])
    expect(await live('a')).toBeUndefined()
  } finally {
    delete server.credential
    worker.dispose()
  }
}
