import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClusterLifecycle } from '../../../src/clusters/lifecycle.ts'
import { kindCluster } from '../../../src/provisioning/steps/kind-cluster.ts'
import { type Deaths, dieAt, Killed } from '../../harness/deaths.ts'
import { eventually } from '../../harness/eventually.ts'
import { needs } from '../../harness/needs.ts'
import { type TestContext, type TestContextParts, testContext } from '../../harness/step-context.ts'
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts'

describe('the kind-cluster step on the simulated driver', needs('redis'), () => {
  let world: SimulatedWorld
  beforeAll(async () => {
    world = await simulatedWorld()
  })
  afterAll(async () => {
    await world?.teardown()
  })

  let count = 0
  const unique = () => `cluster-${++count}`
  const given = (name: string, more: object = {}) => kindCluster.inputs.parse({ name, driver: 'simulated', ...more })
  const presence = (name: string) => world.simulated.lifecycle.find(name)
  const context = (parts: TestContextParts = {}) =>
    testContext({
      step: 'cluster',
      lifecycle: world.simulated.lifecycle,
      async open(oCloudId, registered) {
        await world.simulated.initialise(oCloudId, { clusterName: registered.get(oCloudId)?.name })
        return world.simulated.open(oCloudId)
      },
      ...parts,
    })

  test('makes a cluster, registers it as an O-Cloud, waits for its nodes, and takes both away', async () => {
    const name = unique()
    const { context: run, registered, checkpoints, progress } = context()
    const inputs = given(name, { workers: 2 })
    expect(await kindCluster.plan(inputs, undefined, run)).toMatchObject([
      { action: 'create', object: { kind: 'Cluster', name } },
    ])
    const made = await kindCluster.apply(inputs, undefined, run)
    await kindCluster.verify(inputs, made, run)
    expect(made).toMatchObject({
      outputs: { name, oCloudId: made.oCloudId },
      objects: [{ name, action: 'created', madeIn: 1 }],
    })
    expect(checkpoints[0]?.objects).toMatchObject([{ name, action: 'created' }])
    expect([...registered.keys()]).toEqual([made.oCloudId])
    expect(progress.some(({ message }) => message === 'Preparing nodes')).toBe(true)
    expect(await kindCluster.undo(made, 'all', run)).toMatchObject({ undone: [{ name }], left: [] })
    expect([await presence(name), registered.size]).toEqual([{ state: 'absent' }, 0])
  })

  test('F8: a node that is listed and not Ready is waited for', async () => {
    const name = unique()
    const { context: run, progress } = context()
    const made = await kindCluster.apply(given(name), undefined, run)
    const cluster = await run.cluster(made.oCloudId ?? '')
    const setReady = async (status: 'True' | 'False') => {
      const [node] = (await cluster?.list({ apiVersion: 'v1', kind: 'Node' })) ?? []
      if (node === undefined) throw new Error('there is no node')
      const ready = { type: 'Ready', status, reason: 'Kubelet', message: 'network plugin is not ready' }
      await cluster?.updateStatus({ ...node, status: { ...node.status, conditions: [ready] } })
    }
    await setReady('False')
    let done = false
    const verified = kindCluster.verify(given(name), made, run).then(() => {
      done = true
    })
    await eventually(() =>
      expect(progress.at(-1)?.message).toMatch(/^0 of 1 nodes Ready; .*network plugin is not ready/),
    )
    expect(done).toBe(false)
    await setReady('True')
    await verified
    expect(await kindCluster.undo(made, 'all', run)).toMatchObject({ left: [] })
  })

  test('a cluster of this request is used again; a failed change takes nothing of an earlier generation away', async () => {
    const name = unique()
    const { context: run } = context()
    const made = await kindCluster.apply(given(name), undefined, run)
    const again = context({ reference: run.request.reference, generation: 2 })
    expect(await kindCluster.plan(given(name), made, again.context)).toMatchObject([{ action: 'none' }])
    const second = await kindCluster.apply(given(name), made, again.context)
    expect(second).toMatchObject({ oCloudId: made.oCloudId, objects: [{ action: 'unchanged', madeIn: 1 }] })
    expect(await kindCluster.undo(second, 'generation', again.context)).toEqual({ undone: [], left: [] })
    expect(await presence(name)).toMatchObject({ state: 'present' })
  })

  test('a standing cluster cannot be changed in place, and the refusal says what to do', async () => {
    const name = unique()
    const { context: run } = context()
    const made = await kindCluster.apply(given(name), undefined, run)
    const next = context({ reference: run.request.reference, generation: 2 })
    const changed = given(name, { workers: 1, podSubnet: '10.10.0.0/16' })
    const refusal = /cannot be changed in place \(podSubnet, workers\): give the new cluster another name/
    await expect(kindCluster.plan(changed, made, next.context)).rejects.toThrow(/cannot be changed in place/)
    await expect(kindCluster.apply(changed, made, next.context)).rejects.toThrow(
      new RegExp(refusal.source.replace('podSubnet, workers', '(podSubnet, workers|workers, podSubnet)')),
    )
    expect(await presence(name)).toMatchObject({ state: 'present', complete: true })
  })

  test('a cluster that another request made is never touched', async () => {
    const name = unique()
    const owner = context()
    await kindCluster.apply(given(name), undefined, owner.context)
    const { context: run, checkpoints } = context()
    await expect(kindCluster.apply(given(name), undefined, run)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(owner.context.request.reference),
    })
    expect(checkpoints).toEqual([])
    const claimed = {
      objects: [{ apiVersion: 'x', kind: 'Cluster', name, action: 'created' as const, madeIn: 1 }],
      outputs: {},
      notes: { driver: 'simulated' },
    }
    await kindCluster.undo(claimed, 'all', run)
    expect(await presence(name)).toMatchObject({ owner: owner.context.request.reference })
  })

  test('names, subnets and images that a tool could misunderstand are refused', () => {
    const bad = [
      { name: 'a;rm -rf /' },
      { name: '-flag' },
      { name: 'a'.repeat(51) },
      { name: 'ok', podSubnet: '10.0.0.0' },
      { name: 'ok', podSubnet: '10.0.0.0/33' },
      { name: 'ok', nodeImage: '--help' },
      { name: 'ok', nodeImage: 'a b' },
      { name: 'ok', portMappings: [{ containerPort: 0, hostPort: 1 }] },
      { name: 'ok', surprise: true },
      { name: 'ok', controlPlanes: 0 },
      { name: 'ok', apiServer: { address: 'localhost' } },
      { name: 'ok', apiServer: { port: 0 } },
      { name: 'ok', nodeLabels: { all: { 'a b': 'c' } } },
      { name: 'ok', nodeLabels: { all: { a: 'x,node-role=y' } } },
      { name: 'ok', nodeLabels: { controlPlane: { 'node-role.kubernetes.io/worker': '' } } },
      { name: 'ok', workers: 1, nodeLabels: { workers: [{ a: 'b' }, { a: 'c' }] } },
      { name: 'ok', featureGates: { 'A=true,B': true } },
      { name: 'ok', featureGates: { A: 'true' } },
      { name: 'ok', runtimeConfig: { 'api/beta"': 'true' } },
      { name: 'ok', runtimeConfig: { 'api/beta': 'maybe' } },
      { name: 'ok', kubeadmPatches: ['kind: Pod\nspec: {}'] },
    ]
    for (const inputs of bad) expect(kindCluster.inputs.safeParse(inputs).success, JSON.stringify(inputs)).toBe(false)
  })

  test('killed at any instant, a second run ends with one cluster, registered once', async () => {
    const instants: (string | undefined)[] = []
    for (let nth = 1; instants.at(-1) !== undefined || nth === 1; nth += 1) {
      const { name, inputs, reference, dying, died } = await killedAt(nth)
      instants.push(died)
      const again = context({ reference, registered: dying.registered })
      const made = await kindCluster.apply(inputs, dying.last(), again.context)
      await kindCluster.verify(inputs, made, again.context)
      expect(await presence(name), died).toMatchObject({ owner: reference, complete: true })
      expect([...again.registered.keys()], died).toEqual([made.oCloudId])
      expect(await kindCluster.undo(made, 'generation', again.context), died).toMatchObject({ left: [] })
      expect([await presence(name), again.registered.size], died).toEqual([{ state: 'absent' }, 0])
    }
    expect(instants).toContain('while the cluster is made')
    expect(instants).toContain('after registration')
  })

  test('killed at any instant, an undo leaves neither cluster nor registration', async () => {
    for (let nth = 1, died: string | undefined = ''; died !== undefined; nth += 1) {
      const life = await killedAt(nth)
      died = life.died
      const { name, reference, dying } = life
      const made = dying.last()
      if (made === undefined) continue
      const undoing = context({ reference, registered: dying.registered })
      expect(await kindCluster.undo(made, 'generation', undoing.context), died).toMatchObject({ left: [] })
      expect([await presence(name), undoing.registered.size], died).toEqual([{ state: 'absent' }, 0])
    }
  })

  async function killedAt(nth: number) {
    const name = unique()
    const reference = randomUUID()
    const inputs = given(name)
    const deaths = dieAt(nth)
    const dying: TestContext = context({
      reference,
      lifecycle: mortal(world.simulated.lifecycle, deaths),
      onCheckpoint: (when) => deaths.instant(`${when} checkpoint`),
    })
    const register = dying.context.registerOCloud
    const run = {
      ...dying.context,
      registerOCloud: (cluster: { name: string }) => deaths.around('registration', () => register(cluster)),
    }
    await kindCluster.apply(inputs, undefined, run).catch((error) => expect(error).toBeInstanceOf(Killed))
    return { name, reference, inputs, dying, died: deaths.diedAt() }
  }
})

/** The lifecycle of a process that may be killed around each effect, and while the tool is at work. */
function mortal(lifecycle: ClusterLifecycle, deaths: Deaths): ClusterLifecycle {
  return {
    ...lifecycle,
    create: (spec, owner, options) =>
      deaths.around('making', () =>
        lifecycle.create(spec, owner, { ...options, progress: () => deaths.instant('while the cluster is made') }),
      ),
  }
}
