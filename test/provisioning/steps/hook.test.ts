import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster } from '../../../src/clusters/cluster.ts'
import { ServiceError } from '../../../src/errors.ts'
import type { StepRecord } from '../../../src/provisioning/record.ts'
import { abortAt } from '../../../src/provisioning/run/interruption.ts'
import { hook } from '../../../src/provisioning/steps/hook.ts'
import { removalHook } from '../../../src/provisioning/steps/removal-hook.ts'
import { dieAt, Killed } from '../../harness/deaths.ts'
import { needs } from '../../harness/needs.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { namespaceObject } from './objects.ts'
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts'

const JOB = { apiVersion: 'batch/v1', kind: 'Job' }

describe('the steps of hooks', needs('redis'), () => {
  let world: SimulatedWorld
  let cluster: Cluster

  beforeAll(async () => {
    world = await simulatedWorld()
    await world.simulated.initialise('edge')
    cluster = world.simulated.open('edge')
  })
  afterAll(() => world?.teardown())

  const unique = () => `hook-${randomBytes(4).toString('hex')}`
  const given = (namespace: string, more: object = {}) =>
    hook.inputs.parse({
      target: 'edge',
      namespace,
      hook: { name: 'tests', image: 'tests:1', timeoutSeconds: 20, ...more },
    })
  const context = (parts: TestContextParts = {}) => testContext({ clusters: [cluster], step: 'hook:tests', ...parts })
  const jobsIn = (namespace: string) => cluster.list(JOB, { namespace })

  test('the Job tries once, has no token, what it is given, and no more than its time', async () => {
    const namespace = unique()
    const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }]
    const { context: run } = context()
    await hook.apply(given(namespace, { command: ['sh'], args: ['-c', 'true'], env }), undefined, run)
    const [job] = await jobsIn(namespace)
    expect(job?.spec).toMatchObject({
      backoffLimit: 0,
      activeDeadlineSeconds: 50,
      template: {
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          containers: [
            { image: 'tests:1', command: ['sh'], args: ['-c', 'true'], env, resources: { limits: { cpu: '500m' } } },
          ],
        },
      },
    })
    expect(job?.metadata.labels).toMatchObject({ 'o2ims.dev/step': 'hook.tests' })
  })

  test('killed at any instant, it runs its Job once: one that has succeeded is not run again', async () => {
    for (let nth = 1; nth <= 14; nth += 1) {
      const namespace = unique()
      const reference = randomUUID()
      const uids = new Set<string | undefined>()
      const watching = new AbortController()
      const watched = (async () => {
        for await (const event of cluster.watch(JOB, { namespace }, watching.signal))
          if ('object' in event) uids.add(event.object.metadata.uid)
      })().catch(() => undefined)
      const deaths = dieAt(nth)
      const dying = context({
        reference,
        clusters: [deaths.cluster(cluster)],
        onCheckpoint: (when) => deaths.instant(`${when} checkpoint`),
      })
      const inputs = given(namespace)
      await hook
        .apply(inputs, undefined, dying.context)
        .then((made) => hook.verify(inputs, made, dying.context))
        .catch((error: unknown) => expect(error).toBeInstanceOf(Killed))
      const again = context({ reference })
      const made = await hook.apply(inputs, dying.last(), again.context)
      const ended = await hook.verify(inputs, made, again.context)
      expect(await jobsIn(namespace), deaths.diedAt()).toEqual([])
      expect(uids.size, deaths.diedAt()).toBe(1)
      expect(await hook.undo(ended, 'all', again.context), deaths.diedAt()).toMatchObject({ left: [] })
      expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeUndefined()
      watching.abort()
      await watched
    }
  })

  test('the deadline of the request ends the wait as TIMEOUT, and the undo takes the Job away', async () => {
    const namespace = unique()
    const limit = abortAt(new Date(Date.now() + 400), 'the deadline has passed')
    const simulatedHooks = { tests: { fails: 'image' as const } }
    const { context: run, last } = context({ signal: limit.signal })
    const inputs = given(namespace)
    const attempt = async () => {
      const made = await hook.apply(inputs, undefined, { ...run, simulatedHooks })
      await hook.verify(inputs, made, run)
    }
    await expect(attempt()).rejects.toMatchObject({ code: 'TIMEOUT' })
    limit.clear()
    const made = last()
    if (made === undefined) throw new Error('nothing was written down')
    const undoing = context({ reference: run.request.reference })
    expect(await hook.undo(made, 'generation', undoing.context)).toMatchObject({ left: [] })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeUndefined()
  })

  describe('before a removal', () => {
    const standing = (name: string): StepRecord => ({ name, uses: 'removal-hook', state: 'SUCCEEDED' })
    const owing = async (namespace: string, parts: TestContextParts = {}) => {
      await cluster.apply(namespaceObject(namespace))
      const { context: run } = context({ steps: [standing('hook:tests')], ...parts })
      return { run, made: await removalHook.apply(given(namespace), undefined, run) }
    }

    test('nothing is made until then; then the Job runs, and is gone', async () => {
      const namespace = unique()
      const { run, made } = await owing(namespace)
      expect([made.objects, await jobsIn(namespace)]).toEqual([[], []])
      expect(await removalHook.undo(made, 'generation', run)).toEqual({ undone: [], left: [] })
      expect(await removalHook.undo(made, 'all', run)).toEqual({ undone: [], left: [] })
      expect(await jobsIn(namespace)).toEqual([])
    })

    test('one that the template no longer has is not run, nor one whose namespace is gone', async () => {
      const gone = unique()
      const { run, made } = await owing(gone)
      const silent = { ...run, simulatedHooks: { tests: { fails: 'fail' as const } } }
      expect((await removalHook.undo(made, 'all', silent)).left).toMatchObject([
        { kind: 'Job', reason: expect.stringContaining('BackoffLimitExceeded') },
      ])
      expect(await removalHook.undo(made, 'all', { ...silent, steps: [] })).toEqual({ undone: [], left: [] })
      await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: gone })
      expect(await removalHook.undo(made, 'all', silent)).toEqual({ undone: [], left: [] })
    })

    test('an O-Cloud that is away is told apart from a hook that failed, unless the request made it', async () => {
      const away = { ...cluster, get: () => Promise.reject(unavailable()) }
      const { run, made } = await owing(unique())
      const parts = { reference: run.request.reference, clusters: [away] }
      const elsewhere = context({ ...parts, steps: [standing('hook:tests')] })
      expect(await removalHook.undo(made, 'all', elsewhere.context)).toMatchObject({
        away: true,
        left: [{ kind: 'Job' }],
      })
      const home = { oCloudId: 'edge', objects: [], outputs: {}, notes: {} }
      const own: StepRecord = { name: 'cluster', uses: 'kind-cluster', state: 'SUCCEEDED', made: home }
      const ours = context({ ...parts, steps: [own, standing('hook:tests')] })
      expect((await removalHook.undo(made, 'all', ours.context)).away).toBeUndefined()
    })
  })
})

const unavailable = () => new ServiceError('UNAVAILABLE', 'connection refused', { retryable: true })
