import { delimiter } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { type FakeTools, fakeTools } from '../cli/fake-tools.ts'
import { runCli } from '../cli/run-cli.ts'
import { call } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

/** A kind that is there and makes no cluster, and the docker that it needs. */
const KIND = `[ "$1" = create ] || exec echo 'kind v0.30.0'
echo 'ERROR: failed to create cluster: no space left on device' >&2
exit 1`
const DOCKER = '[ "$1" != version ] || echo 28.0.0'

const sim = { smo: 'sim-smo', edge: 'sim-edge' }
const at = (id: string) => ({ oCloud: 'sim-edge-1', namespace: id })

describe('a request that fails in the service', needs('redis'), () => {
  let server: TestServer
  let tools: FakeTools

  beforeAll(async () => {
    tools = await fakeTools({ kind: KIND, docker: DOCKER })
    const PATH = `${tools.folder}${delimiter}${process.env.PATH}`
    server = await startServer({ env: { UNDO_TIMEOUT: '1', PATH } })
    expect((await call(`${server.url}/o2ims/v1/templates`, 'POST', held)).status).toBe(201)
  })
  afterAll(async () => {
    await server?.dispose()
    await tools?.[Symbol.asyncDispose]()
  })

  const provision = (body: JsonObject) =>
    runCli(['provision', '-f', '-', '--server', server.url], { input: JSON.stringify(body) })

  test.each<[number, string, JsonObject]>([
    [1, 'PREFLIGHT_FAILED in step check', requestFor('one', 'kpt-workload', { ...at('one'), package: 'nowhere' })],
    [
      1,
      'INSUFFICIENT_CAPACITY in step check',
      requestFor('big', 'kpt-workload', { ...at('big'), values: { duCpu: '1k', duCpuLimit: '1k' } }),
    ],
    [2, 'KIND_FAILED in step cluster: ', requestFor('two', 'kind-cluster', { clusterName: 'two' })],
    [
      3,
      'FOCOM_FAILED in step focom',
      requestFor('three', 'edge-5g', { ...sim, namespace: 'three', focomPackage: 'nowhere' }),
    ],
    [
      4,
      'SECRET_FAILED in step secret',
      requestFor('four', 'edge-5g', { ...sim, namespace: 'four', edgeAddress: '10.0.0.1' }),
    ],
    [5, 'APPLY_FAILED in step objects', requestFor('five', 'held', { ...at('five'), name: 'Not a name' })],
    [
      6,
      'SIMULATED_FAILURE in step workload',
      requestFor('six', 'kpt-workload', at('six'), { simulation: { failAt: 'workload' } }),
    ],
    [
      7,
      'TIMEOUT in step workload',
      requestFor('seven', 'kpt-workload', at('seven'), { timeoutSeconds: 1, simulation: { silentAt: 'workload' } }),
    ],
    [
      8,
      'left behind: ConfigMap eight/held',
      requestFor('eight', 'held', { ...at('eight'), name: 'held' }, { simulation: { failAt: 'report' } }),
    ],
  ])('F13: ends the command line with %i: %s', async (exitCode, words, body) => {
    const { code, stderr } = await provision(body)
    expect(stderr).toContain(words)
    expect(code).toBe(exitCode)
  })

  test('F13: whose objects are somebody else’s ends it with 5', async () => {
    expect((await provision(requestFor('mine', 'kpt-workload', at('shared')))).code).toBe(0)
    const { code, stderr } = await provision(requestFor('yours', 'kpt-workload', at('shared')))
    expect(stderr).toContain('CONFLICT in step workload')
    expect(code).toBe(5)
  })
})

/** An object that nobody lets go. */
const held: JsonObject = {
  name: 'held',
  version: '1.0.0',
  description: 'A ConfigMap with a finalizer',
  result: 'resources',
  timeoutSeconds: 60,
  parameterSchema: {
    type: 'object',
    required: ['oCloud', 'namespace', 'name'],
    additionalProperties: false,
    properties: {
      oCloud: { type: 'string', format: 'o-cloud' },
      namespace: { type: 'string' },
      name: { type: 'string' },
    },
  },
  steps: [
    {
      name: 'objects',
      uses: 'manifests',
      with: {
        target: '{{ oCloud }}',
        objects: [
          { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{{ namespace }}' } },
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: '{{ name }}', namespace: '{{ namespace }}', finalizers: ['example.com/held'] },
          },
        ],
      },
    },
    { name: 'report', uses: 'report' },
  ],
}
