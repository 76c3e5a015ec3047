import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import { createPackageRenderer } from '../../../src/packages/render.ts'
import { createSimulatedPackages } from '../../../src/packages/simulated.ts'
import { createSharedPackage } from '../../../src/provisioning/steps/shared-package.ts'
import { needs } from '../../harness/needs.ts'
import { SAMPLES } from '../../harness/samples.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { ref } from './flow-world.ts'
import { deployment, namespaceObject } from './objects.ts'
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts'

const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' }
const OPERATOR = ref(DEPLOYMENT, 'focom-operator-controller-manager', 'focom-system')
const FOCOM_FAILED = { code: 'FOCOM_FAILED' }

describe('a package that requests share', needs('redis'), () => {
  let world: SimulatedWorld
  let cluster: Cluster
  let count = 0
  const packages = createSimulatedPackages()
  const render = createPackageRenderer({ packageRoot: join(SAMPLES, 'packages') })
  const focom = createSharedPackage({ uses: 'focom-operator', shared: 'focom-operator', code: 'FOCOM_FAILED' })

  beforeAll(async () => {
    world = await simulatedWorld()
  })
  afterAll(() => world.teardown())

  /** A cluster of its own for each test. */
  async function bare(): Promise<void> {
    const id = `shared-${++count}`
    await world.simulated.initialise(id)
    cluster = world.simulated.open(id)
  }
  afterEach(() => world.simulated.destroy(cluster.oCloudId))

  const given = (more: object = {}) =>
    focom.inputs.parse({
      target: cluster.oCloudId,
      package: 'focom-operator',
      namespace: 'focom-system',
      values: { namespace: 'focom-system' },
      ...more,
    })
  const user = (parts: TestContextParts = {}) =>
    testContext({ clusters: [cluster], packages, render, step: 'focom', ...parts })
  const use = async (inputs = given(), parts: TestContextParts = {}) => {
    const { context } = user(parts)
    const made = await focom.verify(inputs, await focom.apply(inputs, undefined, context), context)
    return { context, made, leave: () => focom.undo(made, 'all', context) }
  }
  const definitions = (): KubernetesObject[] =>
    ['oclouds', 'templateinfoes', 'focomprovisioningrequests'].flatMap((name) =>
      parseAllDocuments(readFileSync(join(SAMPLES, 'packages/focom-operator/crds', `${name}.yaml`), 'utf8')).map(
        (document): KubernetesObject => document.toJS(),
      ),
    )

  test('its users are counted on the cluster: a service that has lost its store, or another one, sees them', async () => {
    await bare()
    const first = await use()
    expect(first.made.notes.summary).toBe('applied, in focom-system; used by 1 request')
    const second = await use()
    expect(second.made.notes.summary).toBe('stood already, in focom-system; used by 2 requests')
    expect(await cluster.list(CONFIG_MAP, { labelSelector: 'o2ims.dev/shared=focom-operator' })).toHaveLength(2)
    expect(await first.leave()).toMatchObject({ undone: [{ kind: 'ConfigMap' }], left: [] })
    expect(await cluster.get(OPERATOR)).toBeDefined()
    const { undone, left } = await second.leave()
    expect(left).toEqual([])
    expect(undone.length).toBeGreaterThan(10)
    expect(await cluster.get(OPERATOR)).toBeUndefined()
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'focom-system' })).toBeUndefined()
    expect(await cluster.list(DEFINITION)).toEqual([])
  })

  test('what is recorded is used, not owned, but for the mark of the user; none of it counts as provisioned', async () => {
    await bare()
    const { made } = await use()
    const owned = made.objects.filter(({ madeIn }) => madeIn !== undefined)
    expect(owned.map(({ kind }) => kind)).toEqual(['ConfigMap'])
    expect(made.objects.find(({ kind }) => kind === 'Deployment')?.uid).toBeUndefined()
  })

  test('a second run of the same user changes nothing, and plans nothing', async () => {
    await bare()
    const { made, context } = await use()
    const before = (await cluster.get(OPERATOR))?.metadata.resourceVersion
    const again = user({ reference: context.request.reference, generation: 2 })
    const plan = await focom.plan(given(), made, again.context)
    expect(plan.every(({ action }) => action === 'none')).toBe(true)
    await focom.apply(given(), made, again.context)
    expect((await cluster.get(OPERATOR))?.metadata.resourceVersion).toBe(before)
  })

  test('another image is refused while others use it, with what differs, and taken when nobody does', async () => {
    await bare()
    const first = await use()
    const other = given({ values: { namespace: 'focom-system', image: 'registry.example/focom:2' } })
    await expect(use(other)).rejects.toMatchObject({
      ...FOCOM_FAILED,
      message: expect.stringMatching(
        /Deployment focom-system\/focom-operator-controller-manager: .*image is docker.io\/nephio\/focom-operator:latest, not registry.example\/focom:2/,
      ),
    })
    const { context, made } = first
    const next = user({ reference: context.request.reference, generation: 2 })
    await focom.apply(other, made, next.context)
    expect(JSON.stringify((await cluster.get(OPERATOR))?.spec)).toContain('registry.example/focom:2')
  })

  test('who wants no operator uses the one that is there; who wants one is refused where somebody relies on another', async () => {
    await bare()
    const first = await use()
    const external = await use(given({ operator: 'external' }))
    expect(external.made.notes.summary).toBe('stood already, in focom-system; used by 2 requests; operator: external')
    expect(await cluster.get(OPERATOR)).toBeDefined()
    await first.leave()
    await expect(use()).rejects.toMatchObject(FOCOM_FAILED)
    expect((await external.leave()).left).toEqual([])
    expect(await cluster.list(DEFINITION)).toEqual([])
  })

  test("somebody else's is used and not owned, said in words; nothing of it is written or removed", async () => {
    await bare()
    for (const definition of definitions()) await cluster.apply(definition)
    await cluster.apply(namespaceObject('theirs'))
    const theirs = deployment('theirs', 'focom')
    await cluster.apply({
      ...theirs,
      metadata: { ...theirs.metadata, labels: { 'app.kubernetes.io/name': 'focom-operator' } },
    })
    const { made, leave } = await use()
    expect(made.notes.summary).toMatch(
      /^that of somebody else .*is used and not owned; its operator is Deployment theirs\/focom \(registry.k8s.io\/pause:3.10\)$/,
    )
    expect(made.outputs).toMatchObject({ operator: 'external' })
    expect(await cluster.get(OPERATOR)).toBeUndefined()
    expect(await leave()).toEqual({ undone: [], left: [] })
    expect(await cluster.list(DEFINITION)).toHaveLength(3)
    const { context } = user()
    expect(await focom.plan(given(), undefined, context)).toEqual([])
  })

  test('F6: definitions that are not upstream’s are refused with what differs', async () => {
    await bare()
    const [oClouds, ...others] = definitions()
    const seeds = JSON.parse(
      JSON.stringify(oClouds).replaceAll('"o2imsSecret"', '"endpoint"').replace('"subresources":{"status":{}},', ''),
    )
    for (const definition of [seeds, ...others]) await cluster.apply(definition)
    await expect(use()).rejects.toMatchObject({
      ...FOCOM_FAILED,
      message: expect.stringMatching(
        /CustomResourceDefinition oclouds.focom.nephio.org: .*no status subresource.*spec.o2imsSecret is missing/,
      ),
    })
  })

  test('F7: a definition that is missing beside somebody else’s fails the step with its name', async () => {
    await bare()
    const [oClouds] = definitions()
    if (oClouds) await cluster.apply(oClouds)
    await expect(use()).rejects.toMatchObject({
      ...FOCOM_FAILED,
      message: expect.stringContaining('CustomResourceDefinition templateinfoes.provisioning.oran.org is missing'),
    })
    await expect(use(given({ definitions: 'external' }))).rejects.toMatchObject({
      ...FOCOM_FAILED,
      message: expect.stringContaining('focomprovisioningrequests.focom.nephio.org'),
    })
  })

  test('a package that fails does so with FOCOM_FAILED and takes its user back', async () => {
    await bare()
    const { context, last } = user()
    const broken = given({ values: { namespace: 'focom-system' }, package: 'no-such-package' })
    await expect(focom.apply(broken, undefined, context)).rejects.toMatchObject(FOCOM_FAILED)
    expect(last()).toBeUndefined()
    const bad = user({
      packages: { ...packages, apply: () => Promise.reject(new Error('died in the middle')) },
    })
    await expect(focom.apply(given(), undefined, bad.context)).rejects.toThrow('died in the middle')
    const { reference } = bad.context.request
    const after = user({ reference })
    const made = bad.last()
    expect(made).toBeDefined()
    if (made) expect((await focom.undo(made, 'generation', after.context)).left).toEqual([])
    expect(await cluster.list(DEFINITION)).toEqual([])
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'focom-system' })).toBeUndefined()
  })

  test('a custom resource of somebody else keeps all definitions and nothing more, with the reason; the next request finds them its own', async () => {
    await bare()
    const first = await use()
    const spec = { o2imsSecret: { secretRef: { name: 'x', namespace: 'default' } } }
    const oCloud = { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'OCloud' }
    await cluster.apply({ ...oCloud, metadata: { name: 'somebodys', namespace: 'default' }, spec })
    const { left, kept } = await first.leave()
    expect(left).toEqual([])
    const reason = 'OCloud default/somebodys of somebody else needs it'
    expect(kept?.map(({ name }) => name).toSorted()).toEqual([
      'focomprovisioningrequests.focom.nephio.org',
      'oclouds.focom.nephio.org',
      'templateinfoes.provisioning.oran.org',
    ])
    expect(new Set(kept?.map((object) => object.reason))).toEqual(new Set([reason]))
    expect(await cluster.list(DEFINITION)).toHaveLength(3)
    expect(await cluster.get(OPERATOR)).toBeUndefined()
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'focom-system' })).toBeUndefined()
    const second = await use()
    expect(second.made.notes.summary).toMatch(
      /^3 of \d+ objects stood already, the others were applied, in focom-system; used by 1 request$/,
    )
    await cluster.delete({ ...oCloud, namespace: 'default', name: 'somebodys' })
    expect((await second.leave()).left).toEqual([])
    expect(await cluster.list(DEFINITION)).toEqual([])
  })

  test('the namespace stays, too, where the custom resource of somebody else lives in it', async () => {
    await bare()
    const first = await use()
    const spec = { o2imsSecret: { secretRef: { name: 'x', namespace: 'default' } } }
    const oCloud = { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'OCloud' }
    await cluster.apply({ ...oCloud, metadata: { name: 'somebodys', namespace: 'focom-system' }, spec })
    const { left, kept } = await first.leave()
    expect([left, kept?.length]).toEqual([[], 4])
    expect(await cluster.get({ ...oCloud, namespace: 'focom-system', name: 'somebodys' })).toBeDefined()
    expect(await cluster.get(OPERATOR)).toBeUndefined()
  })

  test('what this request itself has left keeps nothing for good: its definition is tried again', async () => {
    await bare()
    const { made, context, leave } = await use()
    const spec = { o2imsSecret: { secretRef: { name: 'x', namespace: 'default' } } }
    const labels = { 'o2ims.dev/request': context.request.reference }
    const oCloud = { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'OCloud' }
    await cluster.apply({ ...oCloud, metadata: { name: 'ours', namespace: 'default', labels }, spec })
    expect(await leave()).toMatchObject({ left: [{ name: 'oclouds.focom.nephio.org' }], kept: [] })
    await cluster.delete({ ...oCloud, namespace: 'default', name: 'ours' })
    const objects = made.objects.filter(({ madeIn }) => madeIn === undefined)
    expect(await focom.undo({ ...made, objects }, 'all', context)).toMatchObject({ left: [] })
    expect(await cluster.list(DEFINITION)).toEqual([])
  })

  test('a user that was refused before anything was written has nothing to undo', async () => {
    await bare()
    const first = await use()
    const second = user()
    const elsewhere = given({ namespace: 'focom2', values: { namespace: 'focom2' } })
    await expect(focom.apply(elsewhere, undefined, second.context)).rejects.toMatchObject(FOCOM_FAILED)
    const made = second.last()
    expect(made?.objects.filter(({ madeIn, intended }) => madeIn !== undefined && !intended)).toEqual([])
    if (made) expect(await focom.undo(made, 'generation', second.context)).toEqual({ undone: [], left: [] })
    expect((await first.leave()).left).toEqual([])
  })

  test('its inputs are those of kpt-package and two more; others are refused by name', () => {
    const faults = focom.inputs.safeParse({ target: 'x', package: 'p', namespace: 'n', operator: 'mine', shared: true })
    expect(stringify(faults.error?.issues.map(({ path, code }) => `${path.join('.')} ${code}`))).toBe(
      stringify(['operator invalid_value', ' unrecognized_keys']),
    )
  })
})
