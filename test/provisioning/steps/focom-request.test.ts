import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Cluster } from '../../../src/clusters/cluster.ts'
import { createSimulatedClusters, type SimulatedClusters } from '../../../src/clusters/simulated/simulated-clusters.ts'
import { ServiceError } from '../../../src/errors.ts'
import { FOCOM_REQUEST, O_CLOUD, PROVISIONING_REQUEST, TEMPLATE_INFO } from '../../../src/operators/kinds.ts'
import type { Made } from '../../../src/provisioning/record.ts'
import { focomRequest } from '../../../src/provisioning/steps/focom-request.ts'
import { undoFocomRequest } from '../../../src/provisioning/steps/focom-withdraw.ts'
import { needs } from '../../harness/needs.ts'
import { createTestStore, silentLog } from '../../harness/redis.ts'
import { SAMPLES } from '../../harness/samples.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { ref } from './flow-world.ts'

const FINALIZER = 'focom.nephio.org/finalizer'

/** Nobody acts here: what operators do, the tests do themselves. */
describe('the step focom-request', needs('redis'), () => {
  let clusters: SimulatedClusters
  let stop: () => Promise<void>
  let smo: Cluster
  let edge: Cluster
  let count = 0

  beforeAll(async () => {
    const { store, stop: end } = await createTestStore()
    stop = end
    clusters = createSimulatedClusters({ store, log: silentLog() })
    smo = await opened('smo')
    edge = await opened('edge')
    const folder = join(SAMPLES, 'packages/focom-operator/crds')
    for (const file of readdirSync(folder)) await install(smo, join(folder, file))
    await install(edge, join(SAMPLES, 'packages/o2ims-crds/provisioningrequests.yaml'))
  })
  afterAll(() => stop())

  async function opened(id: string): Promise<Cluster> {
    await clusters.initialise(id)
    return clusters.open(id)
  }

  async function install(cluster: Cluster, file: string): Promise<void> {
    for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) await cluster.apply(document.toJS())
  }

  async function given(more: object = {}) {
    const namespace = `focom-${++count}`
    await smo.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    return focomRequest.inputs.parse({
      target: 'smo',
      oCloud: 'edge',
      namespace,
      secret: 'edge-kubeconfig',
      templateName: 'nephio-workload-cluster',
      templateVersion: 'main',
      silenceSeconds: 0.2,
      ...more,
    })
  }
  const run = (parts: TestContextParts = {}) => testContext({ clusters: [smo, edge], step: 'request', ...parts })
  const requestOf = (made: Made, namespace: string) => ref(FOCOM_REQUEST, String(made.outputs.request), namespace)
  const infoIn = (namespace: string) => ref(TEMPLATE_INFO, 'nephio-workload-cluster-main', namespace)

  /** What FoCoM does with a request when it has taken it up. */
  async function takenUp(made: Made, namespace: string): Promise<void> {
    const request = requestOf(made, namespace)
    const focom = clusters.open('smo')
    const live = await focom.get(request)
    const metadata = {
      ...live?.metadata,
      name: request.name,
      namespace,
      finalizers: [FINALIZER],
      managedFields: undefined,
    }
    await focom.apply({ ...FOCOM_REQUEST, metadata, spec: live?.spec }, { force: true })
    const { oCloudId: _id, oCloudNamespace: _namespace, ...spec } = live?.spec ?? {}
    await edge.apply({ ...PROVISIONING_REQUEST, metadata: { name: request.name }, spec })
  }

  test('makes OCloud, TemplateInfo and request as upstream’s definitions have them, under a name of this request alone', async () => {
    const inputs = await given({ templateParameters: { labels: { site: 'a' } } })
    const { context, checkpoints } = run()
    const plan = await focomRequest.plan(inputs, undefined, context)
    expect(plan.map(({ action, object }) => `${action} ${object.kind}`)).toEqual([
      'create OCloud',
      'create FocomProvisioningRequest',
      'create TemplateInfo',
      'create ProvisioningRequest',
    ])
    const made = await focomRequest.apply(inputs, undefined, context)
    const { namespace } = inputs
    const name = `request-${context.request.reference}`
    expect((await smo.get(ref(O_CLOUD, name, namespace)))?.spec).toEqual({
      o2imsSecret: { secretRef: { name: 'edge-kubeconfig', namespace } },
    })
    expect((await smo.get(infoIn(namespace)))?.spec).toEqual({
      templateName: 'nephio-workload-cluster',
      templateVersion: 'main',
      templateParameterSchema: '{"type":"object"}',
    })
    const clusterName = `request-${context.request.reference.slice(0, 8)}`
    expect((await smo.get(requestOf(made, namespace)))?.spec).toEqual({
      oCloudId: name,
      oCloudNamespace: namespace,
      name: 'test',
      description: 'test',
      templateName: 'nephio-workload-cluster',
      templateVersion: 'main',
      templateParameters: { clusterName, labels: { site: 'a' } },
    })
    // Written down before the first of them was made, what FoCoM makes elsewhere too.
    expect(checkpoints[0]?.objects.map(({ kind, oCloudId }) => [kind, oCloudId])).toEqual([
      ['ProvisioningRequest', 'edge'],
      ['OCloud', undefined],
      ['FocomProvisioningRequest', undefined],
    ])
    expect((await focomRequest.undo(made, 'all', context)).left).toEqual([])
    for (const kind of [O_CLOUD, FOCOM_REQUEST, TEMPLATE_INFO]) expect(await smo.list(kind, { namespace })).toEqual([])
  })

  test('F3: silence ends the wait and says what was seen last: FoCoM’s, and the operator’s', async () => {
    const inputs = await given()
    const { context } = run()
    const made = await focomRequest.apply(inputs, undefined, context)
    await expect(focomRequest.verify(inputs, made, context)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'nothing changed for 0.2 s; last seen: FoCoM has not looked at the request yet',
    })
    await takenUp(made, inputs.namespace)
    await expect(focomRequest.verify(inputs, made, context)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/last seen: the o2ims-operator wrote no status$/),
    })
    await undoFocomRequest(made, 'all', context, 50)
  })

  test('where FoCoM is not there to do it, the request on the O-Cloud is removed for it, and its finalizer taken off', async () => {
    const inputs = await given()
    const { context } = run()
    const made = await focomRequest.apply(inputs, undefined, context)
    await takenUp(made, inputs.namespace)
    const { undone, left } = await undoFocomRequest(made, 'all', context, 50)
    expect(left).toEqual([])
    expect(undone.map(({ kind }) => kind).toSorted()).toEqual([
      'FocomProvisioningRequest',
      'OCloud',
      'ProvisioningRequest',
      'TemplateInfo',
    ])
    expect(await edge.get(ref(PROVISIONING_REQUEST, String(made.outputs.request)))).toBeUndefined()
    expect(await smo.get(requestOf(made, inputs.namespace))).toBeUndefined()
  })

  test('with the O-Cloud away the SMO is cleaned; what is left over there is told, and the next try removes it', async () => {
    const inputs = await given()
    const { context } = run()
    const { reference } = context.request
    const made = await focomRequest.apply(inputs, undefined, context)
    await takenUp(made, inputs.namespace)
    const nobody = new ServiceError('UNAVAILABLE', 'cannot be reached', { retryable: true })
    const away: Cluster = { ...edge, get: () => Promise.reject(nobody) }
    const late = run({ reference, clusters: [smo, away], signal: AbortSignal.timeout(1_000) })
    const { left, undone } = await undoFocomRequest(made, 'all', late.context, 50)
    expect(left.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual([
      'ProvisioningRequest: not removed in time: cannot be reached',
    ])
    expect(undone.map(({ kind }) => kind).toSorted()).toEqual(['FocomProvisioningRequest', 'OCloud', 'TemplateInfo'])
    expect(await smo.get(requestOf(made, inputs.namespace))).toBeUndefined()
    expect(await edge.get(ref(PROVISIONING_REQUEST, String(made.outputs.request)))).toBeDefined()
    expect((await undoFocomRequest(made, 'all', run({ reference }).context, 50)).left).toEqual([])
    expect(await edge.get(ref(PROVISIONING_REQUEST, String(made.outputs.request)))).toBeUndefined()
  })

  test('F7: each definition that is missing fails the step with its name, on either side', async () => {
    const bare = await opened('bare')
    const inputs = await given()
    const apply = (parts: TestContextParts, more: object) =>
      focomRequest.apply({ ...inputs, ...more }, undefined, run(parts).context)
    await expect(apply({ clusters: [bare, edge] }, { target: 'bare' })).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringMatching(
        /oclouds\.focom.*templateinfoes.*focomprovisioningrequests.* is missing on O-Cloud bare/,
      ),
    })
    await expect(apply({ clusters: [smo, bare] }, { oCloud: 'bare' })).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringMatching(/provisioningrequests\.o2ims\.provisioning\.oran\.org is missing on O-Cloud bare/),
    })
    expect(await smo.list(FOCOM_REQUEST, { namespace: inputs.namespace })).toEqual([])
  })

  test('a TemplateInfo or an OCloud of somebody else is a CONFLICT and stays as it is', async () => {
    const inputs = await given()
    const { namespace } = inputs
    const spec = { templateName: 'nephio-workload-cluster', templateVersion: 'main', templateParameterSchema: '{}' }
    const info = infoIn(namespace)
    const theirs = await smo.apply({ ...TEMPLATE_INFO, metadata: { name: info.name, namespace }, spec })
    const { context, last } = run()
    await expect(focomRequest.apply(inputs, undefined, context)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/TemplateInfo .* belongs to somebody else/),
    })
    const half = last()
    if (half) expect((await focomRequest.undo(half, 'all', context)).left).toEqual([])
    expect(await smo.get(info)).toEqual(theirs)

    const reference = randomUUID()
    const name = `request-${reference}`
    const o2imsSecret = { secretRef: { name: 'x', namespace } }
    const cloud = await smo.apply({ ...O_CLOUD, metadata: { name, namespace }, spec: { o2imsSecret } })
    await expect(focomRequest.apply(inputs, undefined, run({ reference }).context)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/OCloud .* belongs to somebody else/),
    })
    expect(await smo.get(ref(O_CLOUD, name, namespace))).toEqual(cloud)
  })

  test('requests of one template share its TemplateInfo: the last one takes it away, and nobody changes it under another', async () => {
    const inputs = await given()
    const [one, two] = [run(), run()]
    const first = await focomRequest.apply(inputs, undefined, one.context)
    const second = await focomRequest.apply(inputs, undefined, two.context)
    const other = { ...inputs, templateParameterSchema: '{"type":"object","required":["x"]}' }
    await expect(focomRequest.apply(other, undefined, run().context)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/is used by FocomProvisioningRequest .*templateParameterSchema/),
    })
    expect((await focomRequest.undo(first, 'all', one.context)).left).toEqual([])
    expect(await smo.get(infoIn(inputs.namespace))).toBeDefined()
    const { undone } = await focomRequest.undo(second, 'all', two.context)
    expect(undone.map(({ kind }) => kind)).toContain('TemplateInfo')
    expect(await smo.get(infoIn(inputs.namespace))).toBeUndefined()
  })

  test('F27: run again it changes nothing; changed, or ended badly, it is made anew', async () => {
    const inputs = await given()
    const { context } = run()
    const { reference } = context.request
    const made = await focomRequest.apply(inputs, undefined, context)
    const read = async () => (await smo.get(requestOf(made, inputs.namespace)))?.metadata
    const before = await read()
    const again = await focomRequest.apply(inputs, made, run({ reference, generation: 2 }).context)
    expect((await read())?.resourceVersion).toBe(before?.resourceVersion)

    const changed = { ...inputs, templateParameters: { clusterName: 'another' } }
    const next = await focomRequest.apply(changed, again, run({ reference, generation: 3 }).context)
    const renewed = await read()
    expect(renewed?.uid).not.toBe(before?.uid)

    const live = await smo.get(requestOf(made, inputs.namespace))
    if (live) await smo.updateStatus({ ...live, ...FOCOM_REQUEST, status: { phase: 'failed', message: 'for ever' } })
    await focomRequest.apply(changed, next, run({ reference, generation: 4 }).context)
    expect((await read())?.uid).not.toBe(renewed?.uid)
    expect((await smo.get(requestOf(made, inputs.namespace)))?.status).toBeUndefined()
  })

  test('another template by PUT takes the TemplateInfo of the earlier one along', async () => {
    const inputs = await given()
    const { context } = run()
    const { reference } = context.request
    const made = await focomRequest.apply(inputs, undefined, context)
    await focomRequest.apply({ ...inputs, templateVersion: 'v3.0.0' }, made, run({ reference, generation: 2 }).context)
    const infos = await smo.list(TEMPLATE_INFO, { namespace: inputs.namespace })
    expect(infos.map(({ metadata }) => metadata.name)).toEqual(['nephio-workload-cluster-v3.0.0'])
  })

  test('a template version that makes no name for a TemplateInfo is refused by name', () => {
    const parsed = focomRequest.inputs.safeParse({
      target: 'smo',
      oCloud: 'edge',
      namespace: 'n',
      secret: 's',
      templateName: 'x',
      templateVersion: 'V_1',
    })
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([['templateVersion']])
  })
})
