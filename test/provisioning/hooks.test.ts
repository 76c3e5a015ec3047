import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/clusters/cluster.ts'
import type { JsonObject } from '../../src/json.ts'
import { STEPS } from '../../src/provisioning/steps/registry.ts'
import { startTestApi, type TestApi } from '../harness/api.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { requestFor } from '../harness/templates.ts'

const JOB = { apiVersion: 'batch/v1', kind: 'Job' }
const CONFIG = { apiVersion: 'v1', kind: 'ConfigMap' }
const hook = (name: string, more: object = {}) => ({
  name,
  image: 'registry.example/tests:1',
  timeoutSeconds: 30,
  ...more,
})

/** One ConfigMap as workload, with these hooks around it. */
function template(name: string, hooks: object): JsonObject {
  const object = { ...CONFIG, metadata: { name: 'workload' }, data: { content: '{{ content }}' } }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{{ namespace }}' } }
  const place = { target: '{{ oCloud }}', namespace: '{{ namespace }}' }
  const steps = [
    { name: 'workload', uses: 'manifests', with: { ...place, objects: [namespace, object] } },
    { name: 'report', uses: 'report' },
  ]
  const properties = {
    oCloud: { type: 'string', format: 'o-cloud' },
    namespace: { type: 'string' },
    content: { type: 'string', default: 'first' },
  }
  const parameterSchema = { type: 'object', required: ['oCloud', 'namespace'], additionalProperties: false, properties }
  const head = { name, version: '1.0.0', description: '', result: 'resources', timeoutSeconds: 60 }
  return JSON.parse(JSON.stringify({ ...head, parameterSchema, steps, hooks }))
}

describe('hooks of a template', needs('redis'), () => {
  let api: TestApi
  let requests: string
  let cluster: Cluster
  /** Every Job that came or went, in order. */
  const seen: { namespace: string; name: string; type: string }[] = []
  const watching = new AbortController()

  beforeAll(async () => {
    api = await startTestApi({ steps: STEPS })
    requests = `${api.url}/o2ims/v1/provisioningRequests`
    cluster = await api.oClouds.open((await api.oClouds.resolve('sim-1')) ?? '')
    void watchJobs().catch((error: unknown) => {
      if (!watching.signal.aborted) throw error
    })
    for (const one of [
      template('around', {
        preProvision: [hook('prepare', { env: [{ name: 'WHERE', value: 'in {{ namespace }}' }] })],
        postProvision: [hook('run-smoke-tests'), hook('configure-monitoring')],
        preTerminate: [hook('backup-configuration')],
      }),
      template('short', { postProvision: [hook('run-smoke-tests', { timeoutSeconds: 2 })] }),
    ])
      expect((await call(`${api.url}/o2ims/v1/templates`, 'POST', one)).status).toBe(201)
  })
  afterAll(async () => {
    watching.abort()
    await api?.close()
  })

  async function watchJobs(): Promise<void> {
    for await (const event of cluster.watch(JOB, {}, watching.signal)) {
      if (event.type !== 'ADDED' && event.type !== 'DELETED') continue
      const { namespace = '', name } = event.object.metadata
      seen.push({ namespace, name, type: event.type })
    }
  }
  const workload = (namespace: string) => cluster.get({ ...CONFIG, namespace, name: 'workload' })
  const jobs = (namespace: string) =>
    seen
      .filter((job) => job.namespace === namespace && job.type === 'ADDED')
      .map(({ name }) => name.replace(/-[0-9a-f]{8}-/, ' '))
  const request = (
    id: string,
    { more = {}, of = 'around', hooks = {} }: { more?: JsonObject; of?: string; hooks?: JsonObject },
  ) => requestFor(id, of, { oCloud: 'sim-1', namespace: id, ...more }, { simulation: { hooks } })
  const provision = async (id: string, what: Parameters<typeof request>[1] = {}) => {
    const { status, body } = await call(requests, 'POST', request(id, what))
    expect(status, JSON.stringify(body)).toBe(201)
    return (await toTheEnd(api.url, id)).body
  }

  test('run as Jobs before and after the workload, one after the other, and are gone when they have succeeded', async () => {
    const body = await provision('in-order')
    expect(body.status, JSON.stringify(body.progress.error)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect(jobs('in-order')).toEqual(['prepare 1', 'run-smoke-tests 1', 'configure-monitoring 1'])
    expect(await cluster.list(JOB, { namespace: 'in-order' })).toEqual([])
    const steps = body.progress.steps.map(
      ({ name, message }: { name: string; message: string }) => `${name}: ${message}`,
    )
    expect(steps).toEqual([
      expect.stringMatching(/^hook:prepare: prepare succeeded after \d+\.\d s$/),
      'workload: 2 objects, 1 changed',
      expect.stringMatching(/^hook:run-smoke-tests: run-smoke-tests succeeded/),
      expect.stringMatching(/^hook:configure-monitoring: /),
      expect.stringContaining('report: '),
      'hook:backup-configuration: runs before the removal',
    ])
  })

  test('after a change those around the workload run again; what runs before a removal does not', async () => {
    await provision('changed')
    const put = await call(`${requests}/changed`, 'PUT', request('changed', { more: { content: 'second' } }))
    expect(put.status).toBe(200)
    expect((await toTheEnd(api.url, 'changed')).body.status).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect(jobs('changed').slice(3)).toEqual(['prepare 2', 'run-smoke-tests 2', 'configure-monitoring 2'])
  })

  test('after a failed change that is rolled back they run for what stands again, also those that had succeeded', async () => {
    await provision('rolled-back')
    const change = request('rolled-back', {
      more: { content: 'second' },
      hooks: { 'run-smoke-tests': { fails: 'fail' } },
    })
    const options = { ...(change.options as object), rollbackOnFailure: true }
    expect((await call(`${requests}/rolled-back`, 'PUT', { ...change, options })).status).toBe(200)
    const { status, progress } = (await toTheEnd(api.url, 'rolled-back')).body
    expect(progress.error, status.message).toMatchObject({ rolledBackTo: 1, left: [] })
    expect(jobs('rolled-back').slice(3)).toEqual([
      'prepare 2',
      'run-smoke-tests 2',
      'prepare 2r',
      'run-smoke-tests 2r',
      'configure-monitoring 2r',
    ])
  })

  test('one that fails fails the request, with the Job, the reason and its last words; everything is undone', async () => {
    const body = await provision('fails', {
      hooks: { 'run-smoke-tests': { fails: 'fail', log: '\u001b[31mcell "7" is silent\u001b[0m' } },
    })
    expect(body.progress.error).toMatchObject({
      code: 'PROVISIONING_FAILED',
      exitCode: 6,
      step: 'hook:run-smoke-tests',
      cause: expect.stringMatching(
        /^Job fails\/run-smoke-tests-[0-9a-f]{8}-1 failed: BackoffLimitExceeded: .*exit code 1; its last words: "cell "7" is silent"$/,
      ),
      left: [],
    })
    // Said once: what a diagnosis finds is the same.
    for (const words of [/BackoffLimitExceeded/g, /is silent/g, /Job fails/g])
      expect(body.progress.error.cause.match(words)).toHaveLength(1)
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'fails' })).toBeUndefined()
    // Nothing of a failed first generation was in use.
    expect((await call(`${requests}/fails`, 'DELETE')).status).toBe(202)
    expect((await toTheEnd(api.url, 'fails')).status).toBe(404)
    expect(jobs('fails').filter((name) => name.startsWith('backup'))).toEqual([])
  })

  test('one that takes longer than its own limit fails the request, and says what keeps it', async () => {
    const body = await provision('late', { of: 'short', hooks: { 'run-smoke-tests': { fails: 'image' } } })
    expect(body.progress.error).toMatchObject({
      code: 'PROVISIONING_FAILED',
      step: 'hook:run-smoke-tests',
      cause: expect.stringMatching(
        /did not end within 2 s; pod .* ImagePullBackOff: Back-off pulling image "registry.example/,
      ),
    })
  })

  test('what runs before a removal runs before anything goes', async () => {
    await provision('removed')
    expect((await call(`${requests}/removed`, 'DELETE')).status).toBe(202)
    expect((await toTheEnd(api.url, 'removed')).status).toBe(404)
    await eventually(() => expect(jobs('removed').slice(3)).toEqual(['backup-configuration 2']))
    expect(await workload('removed')).toBeUndefined()
    const left = seen.filter((job) => job.namespace === 'removed' && job.type === 'DELETED')
    expect(left).toHaveLength(4)
  })

  test('a change that moves the workload to another O-Cloud runs them at the old place, before that goes', async () => {
    await call(`${api.url}/o2ims/v1/ocloud`, 'POST', { name: 'sim-2', simulated: true })
    await provision('moving')
    const put = await call(`${requests}/moving`, 'PUT', request('moving', { more: { oCloud: 'sim-2' } }))
    expect(put.status).toBe(200)
    const { body } = await toTheEnd(api.url, 'moving')
    expect(body.status, JSON.stringify(body.progress.error)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    await eventually(() => expect(jobs('moving').slice(3)).toEqual(['backup-configuration 2']))
    expect(await workload('moving')).toBeUndefined()
  })

  test('on a cluster that the request made they run before the cluster goes, and after it has come', async () => {
    const one = template('with-cluster', {
      preProvision: [hook('prepare')],
      preTerminate: [hook('backup-configuration')],
    })
    const steps = JSON.parse(
      JSON.stringify(one.steps).replaceAll('{{ oCloud }}', '{{ steps.cluster.oCloudId }}'),
    ) as JsonObject[]
    const cluster = { name: 'cluster', uses: 'kind-cluster', with: { name: '{{ namespace }}', driver: 'simulated' } }
    const parameterSchema = {
      type: 'object',
      required: ['namespace'],
      additionalProperties: false,
      properties: { namespace: { type: 'string' }, content: { type: 'string', default: 'x' } },
    }
    const posted = await call(`${api.url}/o2ims/v1/templates`, 'POST', {
      ...one,
      parameterSchema,
      steps: [cluster, ...steps],
    })
    expect(posted.status, JSON.stringify(posted.body)).toBe(201)
    await call(
      requests,
      'POST',
      requestFor(
        'own',
        'with-cluster',
        { namespace: 'own-cluster' },
        { simulation: { hooks: { 'backup-configuration': { fails: 'fail', log: 'not saved' } } } },
      ),
    )
    const { body } = await toTheEnd(api.url, 'own')
    expect(body.status, JSON.stringify(body.progress.error)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect(body.progress.steps.map(({ name }: { name: string }) => name).slice(0, 3)).toEqual([
      'cluster',
      'hook:prepare',
      'workload',
    ])
    await call(`${requests}/own`, 'DELETE')
    await eventually(async () => {
      expect((await call(`${requests}/own`)).body.status.message).toContain('"not saved"')
    })
    expect(await api.oClouds.resolve('own-cluster')).toBeDefined()
    await eventually(async () => {
      await call(`${requests}/own`, 'DELETE')
      expect((await call(`${requests}/own`)).status).toBe(404)
    })
    expect(await api.oClouds.resolve('own-cluster')).toBeUndefined()
  })

  test('one that fails before a removal holds it up, is tried three times, and then no longer', async () => {
    await provision('held', { hooks: { 'backup-configuration': { fails: 'fail', log: 'disk full' } } })
    const tries = () => jobs('held').filter((name) => name === 'backup-configuration 2').length
    expect((await call(`${requests}/held`, 'DELETE')).status).toBe(202)
    await eventually(async () => {
      expect((await call(`${requests}/held`)).body.status).toMatchObject({
        provisioningPhase: 'DELETING',
        message: expect.stringMatching(/^hook:backup-configuration: Job held\/.* "disk full"; tried again in 5 s/),
      })
    })
    expect(await workload('held')).toBeDefined()
    // The job is put off a moment after the record says so; DELETE said again tries at once.
    await eventually(async () => {
      await call(`${requests}/held`, 'DELETE')
      expect((await call(`${requests}/held`)).body.status.message).toContain('tried again in 10 s')
    })
    expect(await workload('held')).toBeDefined()
    await eventually(async () => {
      await call(`${requests}/held`, 'DELETE')
      expect((await call(`${requests}/held`)).status).toBe(404)
    })
    expect(await workload('held')).toBeUndefined()
    await eventually(() => expect(tries()).toBe(3))
    expect(api.log()).toMatch(/"cause":"Job held\/[^}]*disk full[^}]*"failures":3[^}]*"a hook is given up"/)
  })

  test('a simulation of a hook that the template does not have is refused', async () => {
    const { status, body } = await call(requests, 'POST', request('nowhere', { hooks: { dance: { fails: 'fail' } } }))
    expect([status, body.errors[0].pointer]).toEqual([422, '/options/simulation/hooks/dance'])
  })

  test('a dry run shows the Jobs and makes none', async () => {
    const { body } = await call(`${requests}?dryRun=true`, 'POST', request('planned', {}))
    const made = body.steps.map(({ name, changes }: { name: string; changes: { object: { kind: string } }[] }) => [
      name,
      changes.map(({ object }) => object.kind).join(),
    ])
    expect(made).toContainEqual(['hook:prepare', 'Namespace,Job'])
    expect(made).toContainEqual(['hook:backup-configuration', ''])
    expect(jobs('planned')).toEqual([])
  })
})
