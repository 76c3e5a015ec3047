import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conditionOf, stringAt } from '../../src/clusters/fields.ts'
import { behaviourAnnotation, type OperatorBehaviour } from '../../src/operators/behaviour.ts'
import {
  CAPI_CLUSTER,
  PACKAGES_NAMESPACE as namespace,
  PACKAGE_REVISION,
  PACKAGE_VARIANT,
  PROVISIONING_REQUEST,
} from '../../src/operators/kinds.ts'
import { eventually } from '../harness/eventually.ts'
import {
  installPorch,
  type OperatorWorld,
  operatorWorld,
  provisioningRequest,
  readRequest,
  untilState,
} from './world.ts'

describe('what the o2ims-operator builds upon, played', () => {
  let world: OperatorWorld
  beforeAll(async () => {
    world = await operatorWorld()
    await installPorch(world.edge)
  })
  afterAll(() => world.stop())

  const ask = (name: string, behaviour: Partial<OperatorBehaviour> = {}) =>
    world.edge.apply(
      provisioningRequest(name, {
        annotations: behaviourAnnotation({ behaviour: 'normal', pollMs: 30, ...behaviour }),
      }),
    )
  const variant = (name: string) => world.edge.get({ ...PACKAGE_VARIANT, namespace, name })
  const revision = (name: string) =>
    world.edge.get({ ...PACKAGE_REVISION, namespace, name: `mgmt.c-${name}.packagevariant-1` })
  const capiCluster = (name: string) => world.edge.get({ ...CAPI_CLUSTER, namespace, name: `c-${name}` })

  test('a request becomes a PackageVariant, a published revision and a Cluster', async () => {
    await ask('chain')
    await untilState(world.edge, 'chain', 'fulfilled')
    const made = await variant('chain')
    expect(made?.spec).toEqual({
      upstream: { repo: 'catalog-infra-capi', package: 'nephio-workload-cluster', workspaceName: 'main' },
      downstream: { repo: 'mgmt', package: 'c-chain' },
      annotations: { 'approval.nephio.org/policy': 'initial' },
      pipeline: { mutators: [{ image: 'gcr.io/kpt-fn/set-labels:v0.2.0', configMap: { site: 'edge' } }] },
    })
    expect(conditionOf(made, 'Stalled')).toMatchObject({ status: 'False', reason: 'Valid' })
    expect(conditionOf(made, 'Ready')).toMatchObject({ status: 'True', reason: 'NoErrors' })
    expect(made?.status?.downstreamTargets).toEqual([{ name: 'mgmt.c-chain.packagevariant-1' }])
    const published = await revision('chain')
    expect(published?.spec).toMatchObject({ lifecycle: 'Published', packageName: 'c-chain', repository: 'mgmt' })
    expect(published?.metadata.labels).toMatchObject({ 'kpt.dev/latest-revision': 'true' })
    expect((await capiCluster('chain'))?.status).toMatchObject({ phase: 'Provisioned', controlPlaneReady: true })
  })

  test('the new generation names the Cluster by its uid and marks what is its own', async () => {
    await ask('young', { generation: 'new' })
    const { metadata, status } = await untilState(world.edge, 'young', 'fulfilled')
    const made = await capiCluster('young')
    expect(status?.provisionedResourceSet).toEqual({
      oCloudNodeClusterId: made?.metadata.uid,
      oCloudInfrastructureResourceIds: [stringAt(made, 'spec', 'infrastructureRef', 'uid')],
    })
    expect((await variant('young'))?.metadata.annotations).toMatchObject({
      'o2ims.provisioning.oran.org/request-uid': metadata.uid,
      'o2ims.provisioning.oran.org/downstream-package': 'c-young',
    })
  })

  test("the new generation takes no PackageVariant that is another's", async () => {
    await world.edge.apply({ ...PACKAGE_VARIANT, metadata: { name: 'foreign', namespace }, spec: {} })
    await ask('foreign', { generation: 'new' })
    const { status } = await untilState(world.edge, 'foreign', 'failed')
    expect(stringAt(status, 'provisioningStatus', 'provisioningMessage')).toContain('belongs to another request')
  })

  test('after one failed try of Porch the old generation is silent for ever, and the new one goes on', async () => {
    await ask('unlucky', { behaviour: 'render-error', generation: 'old' })
    await ask('patient', { behaviour: 'render-error', generation: 'new' })
    await untilState(world.edge, 'patient', 'fulfilled')
    await eventually(async () => expect(conditionOf(await variant('unlucky'), 'Ready')?.status).toBe('True'))
    const unlucky = await readRequest(world.edge, 'unlucky')
    expect(unlucky?.status).toBeUndefined()
    expect(JSON.stringify(unlucky?.metadata.annotations)).toContain('rendering failed Error')
  })

  test('a PackageVariant without a package is stalled', async () => {
    const { edge } = world
    await edge.apply({ ...PACKAGE_VARIANT, metadata: { name: 'empty', namespace }, spec: {} })
    await eventually(async () => {
      const found = await variant('empty')
      expect(conditionOf(found, 'Stalled')).toMatchObject({ status: 'True', reason: 'ValidationError' })
      expect(conditionOf(found, 'Ready')).toMatchObject({ message: 'invalid packagevariant object' })
    })
  })

  test('what a deleted request leaves behind goes step by step: variant, then the revision, then the Cluster', async () => {
    const { edge } = world
    await ask('left')
    await untilState(edge, 'left', 'fulfilled')
    await edge.delete({ ...PROVISIONING_REQUEST, name: 'left' })
    expect(await variant('left')).toMatchObject({ metadata: { finalizers: ['config.porch.kpt.dev/packagevariants'] } })
    await edge.delete({ ...PACKAGE_VARIANT, namespace, name: 'left' })
    await eventually(async () => {
      expect(await variant('left')).toBeUndefined()
      expect((await revision('left'))?.spec).toMatchObject({ lifecycle: 'DeletionProposed' })
    })
    expect((await capiCluster('left'))?.status).toMatchObject({ phase: 'Provisioned' })
    await edge.delete({ ...PACKAGE_REVISION, namespace, name: 'mgmt.c-left.packagevariant-1' })
    await eventually(async () => expect(await capiCluster('left')).toBeUndefined())
  })

  test('a cluster name that was used before is never approved again', async () => {
    const { edge } = world
    await ask('first')
    await untilState(edge, 'first', 'fulfilled')
    const draft = (packageName: string, workspaceName: string) =>
      edge.apply({
        ...PACKAGE_REVISION,
        metadata: {
          name: `mgmt.${packageName}.${workspaceName}`,
          namespace,
          annotations: { 'approval.nephio.org/policy': 'initial' },
        },
        spec: { packageName, workspaceName, repository: 'mgmt', lifecycle: 'Draft' },
      })
    const lifecycle = async (name: string) =>
      stringAt(await edge.get({ ...PACKAGE_REVISION, namespace, name }), 'spec', 'lifecycle')
    await draft('c-first', 'v2')
    await draft('c-other', 'v1')
    await eventually(async () => expect(await lifecycle('mgmt.c-other.v1')).toBe('Published'))
    expect(await lifecycle('mgmt.c-first.v2')).toBe('Draft')
  })
})
