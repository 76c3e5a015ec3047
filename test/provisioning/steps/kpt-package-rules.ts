import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import type { ClusterLifecycle } from '../../../src/clusters/lifecycle.ts'
import { OWNER_LABEL } from '../../../src/clusters/ownership.ts'
import { ServiceError } from '../../../src/errors.ts'
import type { PackagePort } from '../../../src/packages/package-port.ts'
import { createPackageRenderer } from '../../../src/packages/render.ts'
import { abortAt } from '../../../src/provisioning/run/interruption.ts'
import { kptPackage } from '../../../src/provisioning/steps/kpt-package.ts'
import { CLUSTER_KIND } from '../../../src/provisioning/steps/target.ts'
import { type Deaths, dieAt, Killed } from '../../harness/deaths.ts'
import { needs, type Part } from '../../harness/needs.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { configMap, deployment, inNamespace, namespaceObject } from './objects.ts'

export interface PackageWorld {
  cluster: Cluster
  packages: PackagePort
  /** Makes an object as somebody else. */
  makeForeign(object: KubernetesObject): Promise<void>
  teardown(): Promise<void>
}

/** The rules of the kpt-package step, for every driver of its ports. */
export function kptPackageRules(name: string, setup: () => Promise<PackageWorld>, options: { needs: Part[] }): void {
  describe(`the kpt-package step: ${name}`, needs(...options.needs), () => {
    let world: PackageWorld
    const root = mkdtempSync(join(tmpdir(), 'o2ims-packages-'))
    const render = createPackageRenderer({ packageRoot: root })

    beforeAll(async () => {
      world = await setup()
    })
    afterAll(async () => {
      rmSync(root, { recursive: true, force: true })
      await world?.teardown()
    })

    const unique = () => `ran-${randomBytes(4).toString('hex')}`
    const context = (parts: TestContextParts = {}) =>
      testContext({ clusters: [world.cluster], packages: world.packages, render, step: 'workload', ...parts })
    const namespaceRef = (namespace: string) => ({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
    const live = (apiVersion: string, kind: string, namespace: string, object: string) =>
      world.cluster.get(inNamespace(apiVersion, kind, namespace, object))

    /** Writes a package of these objects; they name no namespace. */
    function packageOf(...objects: KubernetesObject[]): string {
      const folder = unique()
      mkdirSync(join(root, folder))
      const kptfile = { apiVersion: 'kpt.dev/v1', kind: 'Kptfile', metadata: { name: folder } }
      writeFileSync(join(root, folder, 'Kptfile'), stringify(kptfile))
      const texts = objects.map((object) =>
        stringify(object).replace('replicas: 1', 'replicas: 1 # kpt-set: $\u007breplicas}'),
      )
      writeFileSync(join(root, folder, 'objects.yaml'), texts.join('---\n'))
      return folder
    }
    const anywhere = (object: KubernetesObject): KubernetesObject => {
      const { namespace: _namespace, ...metadata } = object.metadata
      return { ...object, metadata }
    }
    const settings = (data: Record<string, string> = {}) => anywhere(configMap('', 'settings', data))
    const unit = (unitName: string, cpu = '10m') => anywhere(deployment('', unitName, { cpu }))
    const given = (folder: string, namespace: string, more: object = {}) =>
      kptPackage.inputs.parse({ target: world.cluster.oCloudId, package: folder, namespace, ...more })

    test('a package stands with our labels and is current; an undo leaves nothing, the namespace that we made included', async () => {
      const namespace = unique()
      const inputs = given(packageOf(settings(), unit('du')), namespace)
      const { context: run, checkpoints } = context()
      const made = await kptPackage.apply(inputs, undefined, run)
      await kptPackage.verify(inputs, made, run)
      expect(made.objects.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
        'Namespace created',
        'ConfigMap created',
        'Deployment created',
      ])
      expect(made.objects.every(({ uid, madeIn }) => uid !== undefined && madeIn === 1)).toBe(true)
      expect(checkpoints[0]?.objects).toHaveLength(3)
      expect(made.outputs).toMatchObject({ namespace, inventory: `o2ims-${run.request.reference}-workload` })
      const du = await live('apps/v1', 'Deployment', namespace, 'du')
      expect(du?.metadata.labels?.[OWNER_LABEL]).toBe(run.request.reference)
      const { undone, left } = await kptPackage.undo(made, 'all', run)
      expect(left).toEqual([])
      expect(undone).toHaveLength(3)
      expect(await world.cluster.get(namespaceRef(namespace))).toBeUndefined()
    })

    test('a second run changes nothing but kpt’s own inventory', async () => {
      const namespace = unique()
      const inputs = given(packageOf(settings(), unit('du')), namespace)
      const { context: run } = context()
      const made = await kptPackage.apply(inputs, undefined, run)
      await kptPackage.verify(inputs, made, run)
      const versions = async () =>
        Promise.all(made.objects.map(async (ref) => (await world.cluster.get(ref))?.metadata.resourceVersion))
      const before = await versions()
      const again = context({ reference: run.request.reference, generation: 2 })
      expect((await kptPackage.plan(inputs, made, again.context)).map(({ action }) => action)).toEqual([
        'none',
        'none',
        'none',
      ])
      const second = await kptPackage.apply(inputs, made, again.context)
      await kptPackage.verify(inputs, second, again.context)
      expect(await versions()).toEqual(before)
      expect(second.objects.every(({ action, madeIn }) => action === 'unchanged' && madeIn === 1)).toBe(true)
      expect(await kptPackage.undo(second, 'generation', again.context)).toEqual({ undone: [], left: [] })
      expect(await kptPackage.undo(second, 'all', again.context)).toMatchObject({ left: [] })
    })

    test('other values and another content are an update, with what is no longer there removed', async () => {
      const namespace = unique()
      const { context: run } = context()
      const first = given(packageOf(settings({ a: '1' }), unit('du')), namespace)
      const made = await kptPackage.apply(first, undefined, run)
      await kptPackage.verify(first, made, run)

      const { reference } = run.request
      const next = context({ reference, generation: 2 })
      const inputs = given(packageOf(unit('du'), unit('cu')), namespace, { values: { replicas: 2 } })
      const changes = await kptPackage.plan(inputs, made, next.context)
      expect(changes.map(({ action, object }) => `${action} ${object.name}`)).toEqual([
        `none ${namespace}`,
        'update du',
        'create cu',
        'delete settings',
      ])
      const second = await kptPackage.apply(inputs, made, next.context)
      await kptPackage.verify(inputs, second, next.context)
      expect(await live('v1', 'ConfigMap', namespace, 'settings')).toBeUndefined()
      expect((await live('apps/v1', 'Deployment', namespace, 'du'))?.spec?.replicas).toBe(2)
      expect(second.objects.map(({ name: object, action, madeIn }) => [object, action, madeIn])).toEqual([
        [namespace, 'unchanged', 1],
        ['settings', 'deleted', 1],
        ['du', 'updated', 1],
        ['cu', 'created', 2],
      ])

      const { undone, left } = await kptPackage.undo(second, 'generation', next.context)
      expect([undone.map(({ name: object }) => object), left]).toEqual([['cu'], []])
      expect(await live('apps/v1', 'Deployment', namespace, 'du')).toBeDefined()
      expect(await kptPackage.undo(second, 'all', next.context)).toMatchObject({ left: [] })
      expect(await world.cluster.get(namespaceRef(namespace))).toBeUndefined()
    })

    test('what is somebody else’s is refused by name before anything is made, and stays; an existing namespace stays too', async () => {
      const namespace = unique()
      await world.makeForeign(namespaceObject(namespace))
      await world.makeForeign(configMap(namespace, 'settings'))
      const { context: run, last } = context()
      const attempt = kptPackage.apply(given(packageOf(settings(), unit('du')), namespace), undefined, run)
      await expect(attempt).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(/settings belongs to/),
      })
      expect(last()).toBeUndefined()
      expect(await live('apps/v1', 'Deployment', namespace, 'du')).toBeUndefined()

      const made = await kptPackage.apply(given(packageOf(unit('du')), namespace), undefined, run)
      const { undone, left } = await kptPackage.undo(made, 'all', run)
      expect([undone.map(({ kind }) => kind), left]).toEqual([['Deployment'], []])
      expect((await world.cluster.get(namespaceRef(namespace)))?.metadata.deletionTimestamp).toBeUndefined()
      expect(await live('v1', 'ConfigMap', namespace, 'settings')).toBeDefined()
    })

    test('a package that its tool cannot destroy is removed one by one, the inventory too', async () => {
      const namespace = unique()
      await world.makeForeign(namespaceObject(namespace))
      const { context: run } = context()
      const made = await kptPackage.apply(given(packageOf(settings()), namespace), undefined, run)
      const inventory = inNamespace('kpt.dev/v1alpha1', 'ResourceGroup', namespace, String(made.outputs.inventory))
      expect(await world.cluster.get(inventory)).toBeDefined()
      const destroy = () => Promise.reject(new ServiceError('APPLY_FAILED', 'the tool is broken'))
      const { reference } = run.request
      const broken = context({ reference, packages: { ...world.packages, destroy } })
      expect(await kptPackage.undo(made, 'generation', broken.context)).toMatchObject({ left: [] })
      expect(await live('v1', 'ConfigMap', namespace, 'settings')).toBeUndefined()
      expect(await world.cluster.get(inventory)).toBeUndefined()
    })

    test('a move to another namespace that would share an object with the old one is refused in words', async () => {
      const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: unique() } }
      const folder = packageOf(role, settings())
      const [before, after] = [unique(), unique()]
      const { context: run } = context()
      const made = await kptPackage.apply(given(folder, before), undefined, run)
      const { reference } = run.request
      const next = context({ reference, generation: 2 })
      const refused = { code: 'CONFLICT', message: expect.stringMatching(/^ClusterRole .* give it another name/) }
      await expect(kptPackage.plan(given(folder, after), undefined, next.context)).rejects.toMatchObject(refused)
      await expect(kptPackage.apply(given(folder, after), undefined, next.context)).rejects.toMatchObject(refused)
      expect(next.last()).toBeUndefined()
      expect(await kptPackage.undo(made, 'all', next.context)).toMatchObject({ left: [] })
    })

    test('a package whose cluster is gone counts as undone', async () => {
      const namespace = unique()
      const { context: run } = context()
      const made = await kptPackage.apply(given(packageOf(settings()), namespace), undefined, run)
      const lifecycle = { ...absentClusters(), driver: 'kind' as const }
      const cluster = { ...CLUSTER_KIND, name: 'gone', action: 'created' as const, madeIn: 1 }
      const home = { oCloudId: world.cluster.oCloudId, objects: [cluster], outputs: {}, notes: { driver: 'kind' } }
      const steps = [{ name: 'cluster', uses: 'kind-cluster', state: 'SUCCEEDED' as const, made: home }]
      const { reference } = run.request
      const undoing = context({ reference, lifecycle, steps, clusters: [] })
      expect(await kptPackage.undo(made, 'all', undoing.context)).toMatchObject({ undone: made.objects, left: [] })
      expect(await kptPackage.undo(made, 'all', context({ reference }).context)).toMatchObject({ left: [] })
    })

    test('pods that find no capacity fail it at the deadline with the reason, and are undone', async () => {
      const namespace = unique()
      const limit = abortAt(new Date(Date.now() + 14_000), 'the deadline has passed')
      const inputs = given(packageOf(unit('huge', '5000')), namespace, { silenceSeconds: 2 })
      const { context: run, last } = context({ signal: limit.signal })
      const attempt = async () => {
        await kptPackage.apply(inputs, undefined, run)
        await kptPackage.verify(inputs, last() ?? { objects: [], outputs: {}, notes: {} }, run)
      }
      await expect(attempt()).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringMatching(/cpu/) })
      limit.clear()
      const made = last()
      if (made === undefined) throw new Error('nothing was written down')
      const undoing = context({ reference: run.request.reference })
      expect(await kptPackage.undo(made, 'generation', undoing.context)).toMatchObject({ left: [] })
      expect(await world.cluster.get(namespaceRef(namespace))).toBeUndefined()
    })

    test('killed at any instant, a second run ends the same and makes nothing twice; then an undo leaves nothing', async () => {
      const folder = packageOf(settings(), unit('du'))
      const life = async (nth: number) => {
        const { inputs, namespace, reference, made, died } = await killedAt(nth, folder)
        const before = await uids(namespace)
        const again = context({ reference })
        const ended = await kptPackage.apply(inputs, made, again.context)
        await kptPackage.verify(inputs, ended, again.context)
        const after = await uids(namespace)
        expect(
          after.every((uid) => uid !== undefined),
          died,
        ).toBe(true)
        before.forEach((uid, index) => {
          if (uid !== undefined) expect(after[index], died).toBe(uid)
        })
        expect(
          ended.objects.every(({ action, madeIn, uid }) => action === 'created' && madeIn === 1 && uid),
          died,
        ).toBe(true)
        expect(await kptPackage.undo(ended, 'generation', again.context), died).toMatchObject({ left: [] })
        expect(await world.cluster.get(namespaceRef(namespace)), died).toBeUndefined()
        return died
      }
      const instants = await Promise.all(INSTANTS.map(life))
      // The first five are the checkpoint, the namespace, and the moment before the package.
      expect(instants.slice(5).filter((died) => died !== undefined).length).toBeGreaterThanOrEqual(3)
    })

    test('killed at any instant, an undo leaves nothing', async () => {
      const folder = packageOf(settings(), unit('du'))
      const life = async (nth: number) => {
        const { namespace, reference, made, died } = await killedAt(nth, folder)
        if (made === undefined) return
        const undoing = context({ reference })
        expect(await kptPackage.undo(made, 'generation', undoing.context), died).toMatchObject({ left: [] })
        expect(await uids(namespace), died).toEqual([undefined, undefined, undefined])
      }
      await Promise.all(INSTANTS.map(life))
    })

    /** Before and after the checkpoint and the namespace, then while the package is applied. */
    const INSTANTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

    const uids = (namespace: string) =>
      Promise.all(
        [
          namespaceRef(namespace),
          inNamespace('v1', 'ConfigMap', namespace, 'settings'),
          inNamespace('apps/v1', 'Deployment', namespace, 'du'),
        ].map(async (ref) => (await world.cluster.get(ref))?.metadata.uid),
      )

    async function killedAt(nth: number, folder: string) {
      const namespace = unique()
      const reference = randomUUID()
      const inputs = given(folder, namespace)
      const deaths = dieAt(nth)
      const dying = context({
        reference,
        clusters: [deaths.cluster(world.cluster)],
        packages: mortal(world.packages, deaths),
        onCheckpoint: (when) => deaths.instant(`${when} checkpoint`),
      })
      await kptPackage.apply(inputs, undefined, dying.context).catch((error) => expect(error).toBeInstanceOf(Killed))
      return { inputs, namespace, reference, made: dying.last(), died: deaths.diedAt() }
    }
  })
}

/** A lifecycle whose clusters somebody took away. */
function absentClusters(): Omit<ClusterLifecycle, 'driver'> {
  const unused = () => Promise.reject(new Error('not asked for'))
  return {
    find: async () => ({ state: 'absent' }),
    check: unused,
    create: unused,
    faults: unused,
    kubeconfig: unused,
    delete: unused,
  }
}

/** The port of a process that is killed: its tool is ended with it, at the instant of one of its events. */
function mortal(packages: PackagePort, deaths: Deaths): PackagePort {
  return {
    ...packages,
    async apply(cluster, rendered, inventory, options) {
      const kill = new AbortController()
      const event = () => {
        try {
          deaths.instant('while the package is applied')
        } catch (error) {
          kill.abort(error)
        }
      }
      const signal = options.signal ? AbortSignal.any([options.signal, kill.signal]) : kill.signal
      deaths.instant('before the package is applied')
      try {
        const result = await packages.apply(cluster, rendered, inventory, { ...options, signal, progress: event })
        deaths.instant('after the package is applied')
        return result
      } catch (error) {
        throw kill.signal.aborted ? kill.signal.reason : error
      }
    },
  }
}
