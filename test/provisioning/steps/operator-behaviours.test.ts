import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { BEHAVIOURS, type BehaviourName, OF_FOCOM, type OperatorBehaviour } from '../../../src/operators/behaviour.ts'
import { CAPI_CLUSTER, PACKAGE_REVISION, PACKAGE_VARIANT, PROVISIONING_REQUEST } from '../../../src/operators/kinds.ts'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import { eventually } from '../../harness/eventually.ts'
import { needs } from '../../harness/needs.ts'
import { type FlowWorld, flowWorld, ref } from './flow-world.ts'

/** What each behaviour has to end in: the phase, the code, and words of the message. */
const ENDS: [BehaviourName, 'FULFILLED' | 'FAILED', string | undefined, RegExp][] = [
  ['normal', 'FULFILLED', undefined, /Cluster resource created/],
  ['slow', 'FULFILLED', undefined, /Cluster resource created/],
  ['wrong-case', 'FULFILLED', undefined, /Cluster resource created/],
  ['restart', 'FULFILLED', undefined, /Cluster resource created/],
  ['outage-failed-for-ever', 'FULFILLED', undefined, /Cluster resource created \(FoCoM says failed: poll error/],
  ['silent', 'FAILED', 'TIMEOUT', /nothing changed for 1 s; last seen: the o2ims-operator wrote no status/],
  [
    'failed',
    'FAILED',
    'PROVISIONING_FAILED',
    /the o2ims-operator: Cluster resource creation failed: the request asked/,
  ],
  ['missing-cluster-name', 'FAILED', 'PROVISIONING_FAILED', /clusterName is missing in template parameters/],
  [
    'timeout-text',
    'FAILED',
    'PROVISIONING_FAILED',
    /the o2ims-operator: Cluster resource creation failed reached timeout/,
  ],
  ['render-error', 'FAILED', 'TIMEOUT', /wrote no status; it noted in an annotation: .*rendering failed/],
]

describe('what operators do, and how a request ends', needs('redis'), () => {
  let world: FlowWorld

  beforeAll(async () => {
    world = await flowWorld()
  })
  afterAll(() => world.stop())

  const asked = (operator: OperatorBehaviour) => ({ timeoutSeconds: 20, simulation: { operator } })
  const parameters = (id: string, more: object = {}) => ({
    smo: 'sim-smo',
    edge: 'sim-edge',
    namespace: `ran-${id}`,
    silenceSeconds: 1,
    ...more,
  })
  const requestStep = (record: ProvisioningRecord) => record.steps.find(({ name }) => name === 'request')

  test('each behaviour has an end here', () => {
    expect(ENDS.map(([name]) => name).toSorted()).toEqual(BEHAVIOURS.toSorted())
  })

  test.each(['edge-5g', 'nephio-workload-cluster'])(
    'after a first rendering that failed the new generation goes on (%s)',
    async (template) => {
      const id = `second-${template}`
      const own =
        template === 'edge-5g' ? parameters(id) : { oCloud: 'sim-edge', clusterName: id, imsDefinitions: 'package' }
      const operator: OperatorBehaviour = { behaviour: 'render-error', generation: 'new', pollMs: 20 }
      const record = await world.provision(id, template, { ...own, silenceSeconds: 10 }, asked(operator))
      expect(record.phase, record.message).toBe('FULFILLED')
      const { startedAt = '', finishedAt = '' } = requestStep(record) ?? {}
      expect(Date.parse(finishedAt) - Date.parse(startedAt)).toBeGreaterThan(200)
      await world.remove(id)
    },
  )

  test.each(OF_FOCOM)('%s is refused where FoCoM is not asked', async (behaviour) => {
    const refused = world.provision(
      `no-${behaviour}`,
      'nephio-workload-cluster',
      { oCloud: 'sim-edge', clusterName: 'c' },
      asked({ behaviour }),
    )
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      fields: [{ pointer: '/options/simulation/operator/behaviour' }],
    })
  })

  describe('through FoCoM', () => {
    test.each(ENDS)('%s ends %s (%s)', async (behaviour, phase, code, words) => {
      const id = `focom-${behaviour}`
      const record = await world.provision(id, 'edge-5g', parameters(id), asked({ behaviour, pollMs: 20 }))
      expect(record.phase, record.message).toBe(phase)
      expect(record.error?.code).toBe(code)
      expect(phase === 'FAILED' ? record.message : requestStep(record)?.message).toMatch(words)
      if (phase === 'FAILED') expect(record.error).toMatchObject({ step: 'request', left: [] })
      expect(await world.remove(id)).toBeUndefined()
      expect(await world.edge.get(ref(PROVISIONING_REQUEST, `request-${record.reference}`))).toBeUndefined()
    })

    test('F3: what is waited for is the request that was made, by watch: the end is heard although FoCoM looks every 30 s', async () => {
      const operator: OperatorBehaviour = { behaviour: 'silent', pollMs: 30_000 }
      const options = { timeoutSeconds: 20, simulation: { operator } }
      const running = world.provision('watched', 'edge-5g', parameters('watched', { silenceSeconds: 20 }), options)
      const [made] = await eventuallyListed()
      expect(made?.spec).toMatchObject({ templateName: 'nephio-workload-cluster', description: 'of a test' })
      const provisioningStatus = {
        provisioningState: 'fulfilled',
        provisioningMessage: 'done by hand',
        provisioningUpdateTime: '2026-01-31T14:52:21Z',
      }
      const began = performance.now()
      // The operator may be writing, too: kopf notes what it has seen.
      await eventually(async () => {
        const [current] = await world.edge.list(PROVISIONING_REQUEST)
        if (current)
          await world.edge.updateStatus({ ...current, ...PROVISIONING_REQUEST, status: { provisioningStatus } })
      })
      const record = await running
      expect(performance.now() - began).toBeLessThan(3_000)
      expect(requestStep(record)?.message).toMatch(/done by hand \(FoCoM says provisioning/)
      await world.remove('watched')
    })

    test('the deadline ends a request whose operator is silent, and says what was seen last', async () => {
      const options = { timeoutSeconds: 3, simulation: { operator: { behaviour: 'silent' as const } } }
      const record = await world.provision('late', 'edge-5g', parameters('late', { silenceSeconds: 300 }), options)
      expect(record.error).toMatchObject({ code: 'TIMEOUT', step: 'request' })
      expect(record.message).toMatch(/last seen: the o2ims-operator wrote no status/)
      await world.remove('late')
    })

    test('after a failure a retry asks anew, for neither operator looks at a request twice', async () => {
      const broken = asked({ behaviour: 'failed', pollMs: 20 })
      const options = { ...broken, cleanupOnFailure: false }
      const failed = await world.provision('again', 'edge-5g', parameters('again'), options)
      expect(failed.phase).toBe('FAILED')
      const before = await world.edge.get(ref(PROVISIONING_REQUEST, `request-${failed.reference}`))
      expect((await world.change('again', parameters('again'))).phase).toBe('FULFILLED')
      const after = await world.edge.get(ref(PROVISIONING_REQUEST, `request-${failed.reference}`))
      expect(after?.metadata.uid).not.toBe(before?.metadata.uid)
      expect(await world.remove('again')).toBeUndefined()
    })

    test('a restart of the operator after the end takes nothing back: the ids are ours', async () => {
      const record = await world.provision('stable', 'edge-5g', parameters('stable'), asked({ behaviour: 'restart' }))
      const made = requestStep(record)?.made?.outputs
      const remote = ref(PROVISIONING_REQUEST, `request-${record.reference}`)
      expect(made).toMatchObject({ requestId: (await world.edge.get(remote))?.metadata.uid })
      const theirs = (await world.edge.get(remote))?.status?.provisionedResourceSet
      await eventually(async () => {
        const now = (await world.edge.get(remote))?.status
        expect(now?.provisionedResourceSet).not.toEqual(theirs)
        expect(now?.provisioningStatus).toMatchObject({ provisioningState: 'fulfilled' })
      })
      const again = await world.retry('stable')
      expect(again.phase).toBe('FULFILLED')
      expect(requestStep(again)?.made?.outputs).toEqual(made)
      await world.remove('stable')
    })
  })

  describe('directly', () => {
    const direct = (id: string, more: object = {}) => ({
      oCloud: 'sim-edge',
      clusterName: id,
      imsDefinitions: 'package',
      silenceSeconds: 1,
      ...more,
    })

    test.each(ENDS.filter(([name]) => !OF_FOCOM.includes(name)))(
      '%s ends %s (%s)',
      async (behaviour, phase, code, words) => {
        const id = `direct-${behaviour}`
        const options = asked({ behaviour, pollMs: 20 })
        const record = await world.provision(id, 'nephio-workload-cluster', direct(id), options)
        expect(record.phase, record.message).toBe(phase)
        expect(record.error?.code).toBe(code)
        expect(phase === 'FAILED' ? record.message : requestStep(record)?.message).toMatch(words)
        expect(await world.remove(id)).toBeUndefined()
      },
    )

    test('another cluster by PUT is another request, as the operator hears of no change', async () => {
      const first = await world.provision('put', 'nephio-workload-cluster', direct('put-a'))
      const request = ref(PROVISIONING_REQUEST, `request-${first.reference}`)
      expect(first.provisionedResourceSet?.nodeClusterId).toBe((await world.edge.get(request))?.metadata.uid)
      const uid = (await world.edge.get(request))?.metadata.uid
      const second = await world.change('put', direct('put-b'))
      expect(second.phase, second.message).toBe('FULFILLED')
      const live = await world.edge.get(request)
      expect(live?.spec).toMatchObject({ templateParameters: { clusterName: 'put-b' } })
      expect(live?.metadata.uid).not.toBe(uid)
      await world.remove('put')
    })

    test('F7: a missing definition fails the step with its name', async () => {
      const record = await world.provision('bare', 'nephio-workload-cluster', {
        oCloud: 'sim-edge',
        clusterName: 'bare',
      })
      expect(record.error).toMatchObject({ code: 'APPLY_FAILED', exitCode: 5 })
      expect(record.message).toContain('CustomResourceDefinition provisioningrequests.o2ims.provisioning.oran.org')
    })
  })

  describe('with Porch on the O-Cloud', () => {
    const left = async () =>
      (await Promise.all([PACKAGE_VARIANT, PACKAGE_REVISION, CAPI_CLUSTER].map((kind) => world.edge.list(kind))))
        .flat()
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`)

    beforeAll(async () => {
      const file = join(import.meta.dirname, '../../operators/porch-crds.yaml')
      for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) await world.edge.apply(document.toJS())
    })

    test.each(['old', 'new'] as const)('DELETE takes away what the %s operator leaves behind', async (generation) => {
      const id = `porch-${generation}`
      const options = asked({ behaviour: 'normal', generation })
      const record = await world.provision(id, 'edge-5g', parameters(id, { silenceSeconds: 10 }), options)
      expect(record.phase, record.message).toBe('FULFILLED')
      expect(await left()).toHaveLength(3)
      const [cluster] = await world.edge.list(CAPI_CLUSTER)
      expect(requestStep(record)?.made?.outputs.nodeClusterId).toBe(cluster?.metadata.uid)
      expect(await world.remove(id)).toBeUndefined()
      expect(await left()).toEqual([])
    })

    test('so does the undo of a request that failed, and packages of others stay', async () => {
      const other = { ...PACKAGE_VARIANT, metadata: { name: 'somebodys', namespace: 'default' } }
      const annotations = { 'approval.nephio.org/policy': 'initial' }
      await world.edge.apply({ ...other, spec: { downstream: { repo: 'mgmt', package: 'theirs' }, annotations } })
      const options = asked({ behaviour: 'failed', pollMs: 20 })
      const direct = { oCloud: 'sim-edge', clusterName: 'ours', imsDefinitions: 'package', silenceSeconds: 10 }
      const record = await world.provision('undone', 'nephio-workload-cluster', direct, options)
      expect(record.error).toMatchObject({ code: 'PROVISIONING_FAILED', left: [] })
      await eventually(async () => {
        const theirs = ['Cluster theirs', 'PackageRevision mgmt.theirs.packagevariant-1', 'PackageVariant somebodys']
        expect((await left()).toSorted()).toEqual(theirs)
      })
    })

    test('a first try of Porch that fails silences the old operator, and the words say so; the new one goes on', async () => {
      const old = asked({ behaviour: 'render-error', generation: 'old' })
      const silent = await world.provision('render-old', 'edge-5g', parameters('render-old'), old)
      expect(silent.error).toMatchObject({ code: 'TIMEOUT', step: 'request' })
      expect(silent.message).toMatch(/wrote no status; it noted in an annotation: .*rendering failed/)
      const next = asked({ behaviour: 'render-error', generation: 'new' })
      const done = await world.provision(
        'render-new',
        'edge-5g',
        parameters('render-new', { silenceSeconds: 10 }),
        next,
      )
      expect(done.phase, done.message).toBe('FULFILLED')
    })
  })

  async function eventuallyListed() {
    // While the definition of an earlier request goes, the kind may be unknown.
    let found: Awaited<ReturnType<typeof listed>> = []
    await eventually(async () => {
      found = await listed()
      expect(found).toHaveLength(1)
    })
    return found
  }

  async function listed() {
    return (await world.edge.scope(PROVISIONING_REQUEST)) === undefined ? [] : world.edge.list(PROVISIONING_REQUEST)
  }
})
