import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Cluster } from '../../../src/clusters/cluster.ts'
import { stringAt } from '../../../src/clusters/fields.ts'
import { ServiceError } from '../../../src/errors.ts'
import { simulatedKubeconfig } from '../../../src/operators/simulated-kubeconfig.ts'
import { kubeconfigSecret } from '../../../src/provisioning/steps/kubeconfig-secret.ts'
import { KNOWN_AFTER_APPLY } from '../../../src/provisioning/steps/step.ts'
import { needs } from '../../harness/needs.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { ref } from './flow-world.ts'
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts'

const TOKEN = 'token-that-nobody-shall-see'
const kubeconfigWith = (token: string, server = 'https://127.0.0.1:6443'): string =>
  stringify({
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': 'Q0E=' } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })

describe('the step kubeconfig-secret', needs('redis'), () => {
  let world: SimulatedWorld
  let smo: Cluster
  let count = 0

  beforeAll(async () => {
    world = await simulatedWorld()
    await world.simulated.initialise('smo')
    smo = world.simulated.open('smo')
  })
  afterAll(() => world.teardown())

  const given = (more: object = {}) =>
    kubeconfigSecret.inputs.parse({ target: 'smo', oCloud: 'edge', namespace: `secrets-${++count}`, ...more })
  const run = (parts: TestContextParts = {}) =>
    testContext({ clusters: [smo], kubeconfig: async () => kubeconfigWith(TOKEN), step: 'secret', ...parts })
  const read = async (namespace: string, name: unknown) =>
    smo.get(ref({ apiVersion: 'v1', kind: 'Secret' }, String(name), namespace))
  const held = async (namespace: string, name: unknown): Promise<string> =>
    Buffer.from(stringAt(await read(namespace, name), 'data', 'kubeconfig') ?? '', 'base64').toString()

  test('F2: works on a bare cluster, the namespace first; an undo leaves nothing', async () => {
    const inputs = given()
    const { context } = run()
    const made = await kubeconfigSecret.apply(inputs, undefined, context)
    expect(made.objects.map(({ kind, action }) => `${kind} ${action}`)).toEqual(['Namespace created', 'Secret created'])
    expect(made.outputs).toEqual({
      name: `secret-${context.request.reference}`,
      namespace: inputs.namespace,
      server: 'https://127.0.0.1:6443',
    })
    expect(parse(await held(inputs.namespace, made.outputs.name)).users[0].user).toEqual({ token: TOKEN })
    expect(await kubeconfigSecret.undo(made, 'all', context)).toMatchObject({ undone: [{}, {}], left: [] })
    expect(await read(inputs.namespace, made.outputs.name)).toBeUndefined()
  })

  test('F18: "server" is the address in the Secret; without it an address that only this machine reaches is told', async () => {
    const inputs = given({ server: '192.0.2.7' })
    const moved = await kubeconfigSecret.apply(inputs, undefined, run().context)
    expect(moved.outputs.server).toBe('https://192.0.2.7:6443')
    expect(parse(await held(inputs.namespace, moved.outputs.name)).clusters[0].cluster).toMatchObject({
      server: 'https://192.0.2.7:6443',
      'tls-server-name': '127.0.0.1',
    })
    expect(moved.notes.summary).not.toMatch(/nothing but this machine/)
    const here = await kubeconfigSecret.apply(given(), undefined, run().context)
    expect(here.notes.summary).toMatch(/127\.0\.0\.1:6443, which nothing but this machine reaches/)
    expect(kubeconfigSecret.inputs.safeParse({ ...inputs, server: 'http://x/y' }).success).toBe(false)
  })

  test('nothing but the Secret holds a piece of the kubeconfig: no record, no progress, no plan', async () => {
    const inputs = given({ name: 'edge-cluster-kubeconfig' })
    const { context, checkpoints, progress } = run()
    const plan = await kubeconfigSecret.plan(inputs, undefined, context)
    const made = await kubeconfigSecret.apply(inputs, undefined, context)
    const told = JSON.stringify([plan, made, checkpoints, progress])
    expect(told).not.toContain(TOKEN)
    expect(told).not.toContain(Buffer.from(TOKEN).toString('base64').slice(0, 20))
    expect(plan.map(({ action, object }) => `${action} ${object.kind}`)).toEqual(['create Namespace', 'create Secret'])
  })

  test('a refusal is SECRET_FAILED, and its words are cleared of the kubeconfig', async () => {
    const quoting: Cluster = {
      ...smo,
      apply: async (object, options) => {
        if (object.kind !== 'Secret') return smo.apply(object, options)
        throw new ServiceError('APPLY_FAILED', `Secret is forbidden: ${TOKEN} ${JSON.stringify(object.data)}`)
      },
    }
    const refused = kubeconfigSecret.apply(given(), undefined, run({ clusters: [quoting] }).context)
    await expect(refused).rejects.toMatchObject({ code: 'SECRET_FAILED', message: expect.stringMatching(/forbidden/) })
    const error: unknown = await refused.catch((reason: unknown) => reason)
    const shown = JSON.stringify(error, Object.getOwnPropertyNames(error))
    expect(shown).not.toContain(TOKEN)
    expect(shown).not.toContain(Buffer.from(kubeconfigWith(TOKEN)).toString('base64').slice(0, 40))
    expect(error).not.toHaveProperty('cause')
  })

  test.each([
    ['a kubeconfig that cannot be read', { kubeconfig: async () => 'a: [' }, {}, /cannot be used/],
    [
      'an address for a simulated O-Cloud',
      { kubeconfig: async () => simulatedKubeconfig('edge') },
      { server: 'x' },
      /simulated/,
    ],
    [
      'an O-Cloud that is not registered',
      { kubeconfig: () => Promise.reject(new ServiceError('NOT_FOUND', 'O-Cloud edge does not exist')) },
      {},
      /does not exist/,
    ],
  ])('%s is SECRET_FAILED', async (_what, parts, more, words) => {
    await expect(kubeconfigSecret.apply(given(more), undefined, run(parts).context)).rejects.toMatchObject({
      code: 'SECRET_FAILED',
      message: expect.stringMatching(words),
    })
  })

  test('a Secret of somebody else stays as it is', async () => {
    const inputs = given({ name: 'theirs' })
    await smo.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: inputs.namespace } })
    const metadata = { name: 'theirs', namespace: inputs.namespace }
    const theirs = await smo.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { a: 'b' } })
    await expect(kubeconfigSecret.apply(inputs, undefined, run().context)).rejects.toMatchObject({
      code: 'SECRET_FAILED',
      message: expect.stringMatching(/belongs to somebody else/),
    })
    expect(await read(inputs.namespace, 'theirs')).toEqual(theirs)
  })

  test('F27: a second run changes nothing; a kubeconfig that was renewed reaches the Secret', async () => {
    const inputs = given()
    const first = run()
    const made = await kubeconfigSecret.apply(inputs, undefined, first.context)
    const before = (await read(inputs.namespace, made.outputs.name))?.metadata.resourceVersion
    const { reference } = first.context.request
    const again = await kubeconfigSecret.apply(inputs, made, run({ reference, generation: 2 }).context)
    expect((await read(inputs.namespace, made.outputs.name))?.metadata.resourceVersion).toBe(before)
    const kubeconfig = async () => kubeconfigWith('renewed-token')
    await kubeconfigSecret.apply(inputs, again, run({ reference, generation: 3, kubeconfig }).context)
    expect(await held(inputs.namespace, made.outputs.name)).toContain('renewed-token')
    expect(kubeconfigSecret.always).toBe(true)
  })

  test('a plan for clusters that are yet to be made asks for no kubeconfig', async () => {
    const inputs = given({ target: KNOWN_AFTER_APPLY, oCloud: KNOWN_AFTER_APPLY })
    const { context } = run({ kubeconfig: () => Promise.reject(new Error('nobody knows it')) })
    expect((await kubeconfigSecret.plan(inputs, undefined, context)).map(({ action }) => action)).toEqual([
      'create',
      'create',
    ])
  })
})
