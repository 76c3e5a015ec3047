import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../../src/clusters/cluster.ts'
import type { JsonObject } from '../../../src/json.ts'
import { DIALECT_TABLE } from '../../../src/provisioning/dialects.ts'
import type { Made } from '../../../src/provisioning/record.ts'
import { o2imsRequest } from '../../../src/provisioning/steps/o2ims-request.ts'
import { needs } from '../../harness/needs.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts'

const { kind } = DIALECT_TABLE.openshift

/** As much of Red Hat's definition as we look at. */
const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const definitionIn = (version: string): KubernetesObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'provisioningrequests.clcm.openshift.io' },
  spec: {
    group: 'clcm.openshift.io',
    scope: 'Cluster',
    names: { kind: kind.kind, plural: 'provisioningrequests', singular: 'provisioningrequest' },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } },
      },
    ],
  },
})

describe('the step o2ims-request with another dialect', needs('redis'), () => {
  let world: SimulatedWorld
  let hub: Cluster

  beforeAll(async () => {
    world = await simulatedWorld()
    await world.simulated.initialise('hub')
    hub = world.simulated.open('hub')
    await hub.apply(definitionIn('v1alpha1'))
  })
  afterAll(() => world.teardown())

  const given = (templateParameters: JsonObject = { nodeClusterName: 'a' }) =>
    o2imsRequest.inputs.parse({
      target: 'hub',
      dialect: 'openshift',
      templateName: 'sno-ran-du',
      templateVersion: 'v4-17',
      templateParameters,
      silenceSeconds: 5,
    })
  const run = (parts: TestContextParts = {}) => testContext({ clusters: [hub], step: 'request', ...parts })
  const read = async (made: Made) => {
    const live = await hub.get({ ...kind, name: String(made.outputs.request) })
    if (live === undefined) throw new Error('the request is gone')
    return live
  }

  async function says(made: Made, provisioningPhase: string, observedGeneration: number): Promise<void> {
    const provisioningStatus = { provisioningPhase, provisioningDetails: `it is ${provisioningPhase}` }
    await hub.updateStatus({ ...(await read(made)), ...kind, status: { provisioningStatus, observedGeneration } })
  }

  test('a request is called by our reference, a UUID, and gets no parameter that nobody gave', async () => {
    const { context } = run()
    const made = await o2imsRequest.apply(given(), undefined, context)
    expect(made.outputs).toEqual({ request: context.request.reference, clusterName: null })
    expect((await read(made)).spec).toEqual({
      name: 'test',
      description: 'test',
      templateName: 'sno-ran-du',
      templateVersion: 'v4-17',
      templateParameters: { nodeClusterName: 'a' },
    })
    const waiting = o2imsRequest.verify(given(), made, context)
    await says(made, 'pending', 1)
    await says(made, 'progressing', 1)
    await says(made, 'Fulfilled', 1)
    const done = await waiting
    expect(done.outputs).toMatchObject({ requestId: (await read(made)).metadata.uid })
    expect(done.notes.summary).toBe('the O-Cloud Manager: it is Fulfilled')
    expect((await o2imsRequest.undo(done, 'all', context)).left).toEqual([])
    expect(await hub.list(kind)).toEqual([])
  })

  test('a change is made in place, and what was said of the spec before it does not count', async () => {
    const { context } = run()
    const { reference } = context.request
    const made = await o2imsRequest.apply(given(), undefined, context)
    await says(made, 'fulfilled', 1)
    const uid = (await read(made)).metadata.uid
    const changed = given({ nodeClusterName: 'b' })
    const next = run({ reference, generation: 2 })
    const again = await o2imsRequest.apply(changed, made, next.context)
    expect((await read(made)).metadata).toMatchObject({ uid, generation: 2 })
    const verified = o2imsRequest.verify(changed, again, next.context)
    await expect(Promise.race([verified, pause(100)])).resolves.toBe('still waiting')
    await says(made, 'fulfilled', 2)
    expect((await verified).notes.summary).toMatch(/it is fulfilled/)
    await o2imsRequest.undo(again, 'all', next.context)
  })

  test('a definition of another version is no definition, and is told with the versions that it has', async () => {
    await world.simulated.initialise('newer')
    const newer = world.simulated.open('newer')
    await newer.apply(definitionIn('v1beta1'))
    const attempt = o2imsRequest.apply({ ...given(), target: 'newer' }, undefined, run({ clusters: [newer] }).context)
    await expect(attempt).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      retryable: false,
      message: expect.stringMatching(
        /provisioningrequests\.clcm\.openshift\.io serves clcm\.openshift\.io\/v1beta1, not clcm\.openshift\.io\/v1alpha1 on O-Cloud newer/,
      ),
    })
  })

  test('a request of that name that somebody else made is a CONFLICT', async () => {
    const { context } = run()
    const spec = { templateName: 'x', templateVersion: 'y', templateParameters: {} }
    await hub.apply({ ...kind, metadata: { name: context.request.reference }, spec })
    await expect(o2imsRequest.apply(given(), undefined, context)).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(() => resolve('still waiting'), ms))
