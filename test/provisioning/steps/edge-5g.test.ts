import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster } from '../../../src/clusters/cluster.ts'
import { FOCOM_REQUEST, O_CLOUD, PROVISIONING_REQUEST, SECRET } from '../../../src/operators/kinds.ts'
import { simulatedTarget } from '../../../src/operators/simulated-kubeconfig.ts'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import { statusRows } from '../../../src/provisioning/status-table.ts'
import { eventually } from '../../harness/eventually.ts'
import { needs } from '../../harness/needs.ts'
import { type FlowWorld, FOCOM_KINDS, flowWorld, ref, versions } from './flow-world.ts'

const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }
const FOCOM = ref(DEPLOYMENT, 'focom-operator-controller-manager', 'focom-system')
const OCLOUDS = ref(DEFINITION, 'oclouds.focom.nephio.org')
const where = (namespace: string) => ({ smo: 'sim-smo', edge: 'sim-edge', namespace })
const phaseOf = (record: ProvisioningRecord | undefined) => `${record?.phase}: ${record?.message}`
const stepOf = (record: ProvisioningRecord, name: string) => record.steps.find((step) => step.name === name)

describe('the template edge-5g', needs('redis'), () => {
  let world: FlowWorld

  beforeAll(async () => {
    world = await flowWorld()
  })
  afterAll(() => world.stop())

  /** What stands there beside what every cluster has. */
  const ours = async (cluster: Cluster) =>
    Object.keys(await versions(cluster, FOCOM_KINDS)).filter((name) => !/default|kube-|coredns/.test(name))

  test('F1: the whole flow ends FULFILLED, on clusters on which nothing was; F2: the namespace comes before the Secret', async () => {
    const record = await world.provision('whole', 'edge-5g', where('ran-whole'))
    expect(phaseOf(record)).toBe('FULFILLED: provisioned')
    expect(record.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'check-smo SUCCEEDED',
      'check-edge SUCCEEDED',
      'focom SUCCEEDED',
      'ims SUCCEEDED',
      'secret SUCCEEDED',
      'request SUCCEEDED',
      'workload SUCCEEDED',
      'ready SUCCEEDED',
      'report SUCCEEDED',
    ])
    expect(stepOf(record, 'secret')?.made?.objects.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
      'Namespace created',
      'Secret created',
    ])
    const secret = await world.smo.get(ref(SECRET, `secret-${record.reference}`, 'o2ims'))
    const kubeconfig = Buffer.from(String(secret?.data && (secret.data as { kubeconfig: string }).kubeconfig), 'base64')
    expect(simulatedTarget(kubeconfig.toString())).toBe(world.edge.oCloudId)
    for (const name of ['du', 'cu']) {
      expect((await world.edge.get(ref(DEPLOYMENT, name, 'ran-whole')))?.status).toMatchObject({ availableReplicas: 1 })
    }
    const uids = await Promise.all(
      ['cu', 'du'].map(async (name) => (await world.edge.get(ref(DEPLOYMENT, name, 'ran-whole')))?.metadata.uid),
    )
    expect(record.provisionedResourceSet?.infrastructureResourceIds?.toSorted()).toEqual(uids.toSorted())
  })

  test('F4: the operator is the true image, which a value changes', async () => {
    expect((await world.smo.get(FOCOM))?.spec).toMatchObject({
      template: { spec: { containers: [{ image: 'docker.io/nephio/focom-operator:latest' }] } },
    })
  })

  test('F27: a second run changes nothing', async () => {
    // FoCoM is later than the O-Cloud's own word.
    await eventually(async () => {
      const [request] = await world.smo.list(FOCOM_REQUEST)
      expect(request?.status?.phase).toBe('Fulfilled')
    })
    const before = [await versions(world.smo, FOCOM_KINDS), await versions(world.edge, FOCOM_KINDS)]
    expect(phaseOf(await world.retry('whole'))).toBe('FULFILLED: provisioned')
    expect(phaseOf(await world.change('whole', where('ran-whole')))).toBe('FULFILLED: provisioned')
    expect([await versions(world.smo, FOCOM_KINDS), await versions(world.edge, FOCOM_KINDS)]).toEqual(before)
  })

  test('two requests on one SMO are both FULFILLED; the end of one leaves the other and FoCoM in place, the end of the second takes FoCoM away', async () => {
    const second = await world.provision('second', 'edge-5g', where('ran-second'))
    expect(phaseOf(second)).toBe('FULFILLED: provisioned')
    expect(stepOf(second, 'focom')?.message).toBe('stood already, in focom-system; used by 2 requests')

    expect(await world.remove('whole')).toBeUndefined()
    expect((await world.smo.get(FOCOM))?.status).toMatchObject({ availableReplicas: 1 })
    const request = ref(FOCOM_REQUEST, `request-${second.reference}`, 'o2ims')
    expect(await world.smo.get(request)).toBeDefined()
    expect(await world.edge.get(ref(PROVISIONING_REQUEST, `request-${second.reference}`))).toBeDefined()
    expect(await world.edge.get(ref(DEPLOYMENT, 'du', 'ran-second'))).toBeDefined()
    expect(await world.edge.get(ref(DEPLOYMENT, 'du', 'ran-whole'))).toBeUndefined()
    expect(phaseOf(await world.retry('second'))).toBe('FULFILLED: provisioned')

    expect(await world.remove('second')).toBeUndefined()
    expect([await ours(world.smo), await ours(world.edge)]).toEqual([[], []])
  })

  test('a request that failed beside another one shows what they share as released, and nothing that stands as deleted', async () => {
    await world.provision('standing', 'edge-5g', where('ran-standing'))
    const failed = await world.provision('failing', 'edge-5g', where('ran-failing'), {
      simulation: { failAt: 'ready' },
    })
    expect(stepOf(failed, 'focom')?.state).toBe('UNDONE')
    const rows = statusRows(failed, [])
    expect(rows.find(({ resource }) => resource === 'focom-system/focom-operator-controller-manager')).toEqual({
      resource: 'focom-system/focom-operator-controller-manager',
      type: 'Deployment',
      status: 'Released',
      message: 'focom: used, and left to its other users',
    })
    expect(rows.map(({ status }) => status)).not.toContain('Deleted')
    for (const id of ['standing', 'failing']) await world.remove(id)
  })

  test('a request that failed on clusters of its own shows nothing that went with them', async () => {
    const parameters = { driver: 'simulated', namespace: 'ran-failing' }
    const failed = await world.provision('made', 'edge-5g-kind', parameters, { simulation: { failAt: 'ready' } })
    expect(failed.error?.left).toEqual([])
    expect(statusRows(failed, [])).toHaveLength(1)
    await world.remove('made')
  })

  test('two requests at once on a bare SMO share one FoCoM; a foreign OCloud object keeps all definitions, and the end of the last request names them', async () => {
    const both = await Promise.all(['one', 'two'].map((id) => world.provision(id, 'edge-5g', where(`ran-${id}`))))
    expect(both.map(phaseOf)).toEqual(['FULFILLED: provisioned', 'FULFILLED: provisioned'])
    const foreign = { ...O_CLOUD, metadata: { name: 'somebodys', namespace: 'default' } }
    await world.smo.apply({ ...foreign, spec: { o2imsSecret: { secretRef: { name: 'x', namespace: 'default' } } } })

    const ends = Promise.all(['one', 'two'].map((id) => world.end(id)))
    expect(await Promise.all(['one', 'two'].map((id) => world.remove(id)))).toEqual([undefined, undefined])
    const definitions = [
      'focomprovisioningrequests.focom.nephio.org',
      'oclouds.focom.nephio.org',
      'templateinfoes.provisioning.oran.org',
    ].map((name) => ref(DEFINITION, name))
    const last = { deleted: true, left: expect.arrayContaining(definitions) }
    expect(await ends).toEqual(expect.arrayContaining([{ deleted: true }, last]))
    expect(await world.smo.get(FOCOM)).toBeUndefined()
    for (const definition of definitions) expect(await world.smo.get(definition)).toBeDefined()
    expect(await world.smo.get(ref(O_CLOUD, 'somebodys', 'default'))).toBeDefined()

    await world.smo.delete(ref(O_CLOUD, 'somebodys', 'default'))
    await world.provision('three', 'edge-5g', where('ran-three'))
    await world.remove('three')
    for (const definition of definitions) expect(await world.smo.get(definition)).toBeUndefined()
  })

  test('F4: operator: external leaves the Deployment out and is named in the status; the definitions are there all the same', async () => {
    const record = await world.provision('external', 'edge-5g', { ...where('ran-external'), operator: 'external' })
    expect(phaseOf(record)).toBe('FULFILLED: provisioned')
    expect(stepOf(record, 'focom')?.message).toContain('operator: external')
    expect(stepOf(record, 'focom')?.made?.outputs).toMatchObject({ operator: 'external' })
    expect(await world.smo.get(FOCOM)).toBeUndefined()
    expect(await world.smo.get(OCLOUDS)).toBeDefined()
    expect(await world.remove('external')).toBeUndefined()
    expect(await world.smo.get(OCLOUDS)).toBeUndefined()
  })

  test('O2IMS_NAMESPACE and FOCOM_NAMESPACE: the custom resources and FoCoM stand where they are asked for', async () => {
    const namespaces = { o2imsNamespace: 'my-ims', focomNamespace: 'my-focom' }
    const record = await world.provision('placed', 'edge-5g', { ...where('ran-placed'), ...namespaces })
    expect(phaseOf(record)).toBe('FULFILLED: provisioned')
    expect(await world.smo.get(ref(DEPLOYMENT, FOCOM.name, 'my-focom'))).toBeDefined()
    for (const kind of [O_CLOUD, FOCOM_REQUEST]) {
      const all = await world.smo.list(kind)
      expect(all.map(({ metadata }) => metadata.namespace)).toEqual(['my-ims'])
    }
    expect(await world.smo.get(ref(SECRET, `secret-${record.reference}`, 'my-ims'))).toBeDefined()
    for (const name of ['o2ims', 'focom-system'])
      expect(await world.smo.get(ref({ apiVersion: 'v1', kind: 'Namespace' }, name))).toBeUndefined()
    expect(await world.remove('placed')).toBeUndefined()
  })

  test('focomDefinitions: external applies nothing of FoCoM: what is missing is named, what is there is used and stays', async () => {
    const alone = { ...where('ran-alone'), operator: 'external', focomDefinitions: 'external' }
    const bare = await world.provision('bare', 'edge-5g', alone)
    expect(bare.error).toMatchObject({ code: 'FOCOM_FAILED', exitCode: 3, step: 'focom', undone: [], left: [] })
    expect(bare.error?.cause).toMatch(/oclouds\.focom\.nephio\.org is missing.*it has to be there/)
    expect((await ours(world.smo)).filter((name) => /focom|o2ims/.test(name))).toEqual([])

    await world.provision('installer', 'edge-5g', where('ran-installer'))
    const before = await ours(world.smo)
    const record = await world.provision('user', 'edge-5g', alone)
    expect(phaseOf(record)).toBe('FULFILLED: provisioned')
    expect(stepOf(record, 'focom')?.message).toBe('external: nothing was applied, the definitions are there')
    const made = (await ours(world.smo)).filter((name) => !before.includes(name))
    expect(made.filter((name) => !name.includes(record.reference))).toEqual([])
    expect(await world.remove('user')).toBeUndefined()
    expect(await ours(world.smo)).toEqual(before)
    expect(await world.remove('installer')).toBeUndefined()
    expect(await world.remove('bare')).toBeUndefined()
  })

  test('edge-5g-kind makes the SMO, and the edge where none is given; what it makes on an edge that was given goes with it', async () => {
    const made = await world.provision('clusters', 'edge-5g-kind', { driver: 'simulated', namespace: 'ran-clusters' })
    expect(phaseOf(made)).toBe('FULFILLED: provisioned')
    expect(await world.oClouds.resolve('focom-smo')).toBeDefined()
    expect(await world.oClouds.resolve('focom-edge')).toBeDefined()
    expect(await world.remove('clusters')).toBeUndefined()
    expect(await world.oClouds.resolve('focom-smo')).toBeUndefined()
    expect(await world.oClouds.resolve('focom-edge')).toBeUndefined()

    const given = { driver: 'simulated', edge: 'sim-edge', namespace: 'ran-given' }
    const on = await world.provision('given', 'edge-5g-kind', given)
    expect(phaseOf(on)).toBe('FULFILLED: provisioned')
    expect(await world.oClouds.resolve('focom-edge')).toBeUndefined()
    expect(await world.edge.get(ref(PROVISIONING_REQUEST, `request-${on.reference}`))).toBeDefined()
    expect(await world.remove('given')).toBeUndefined()
    expect(await world.oClouds.resolve('focom-smo')).toBeUndefined()
    expect(await ours(world.edge)).toEqual([])
  })
})
