import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { answer, aRequest, type Received, scriptedService, sendEvents } from './scripted-service.ts'

const REQUESTS = '/o2ims/v1/provisioningRequests'
const O_CLOUDS = '/o2ims/v1/ocloud'
const FULFILLED = aRequest({ phase: 'FULFILLED', message: 'done', percent: 100, states: ['SUCCEEDED', 'SUCCEEDED'] })
const FAILED = aRequest({
  phase: 'FAILED',
  error: { code: 'TIMEOUT', exitCode: 7, step: 'check', cause: 'too late', undone: [], left: [] },
})

let folder: string
let kubeconfig: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'o2ims-test-'))
  kubeconfig = join(folder, 'kubeconfig')
})
beforeEach(() => writeFile(kubeconfig, kubeconfigOf('https://192.0.2.7:6443', 'geheim-1')))
afterAll(() => rm(folder, { recursive: true, force: true }))

const kubeconfigOf = (server: string, token: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster: { server } }],
    users: [{ name: 'a', user: { token } }],
  })

/** A service that remembers which O-Clouds were registered, and answers POST with `posted`. */
function service(posted: [status: number, body: unknown] = [201, aRequest({})], known: object[] = []) {
  const oClouds = [...known] as Record<string, unknown>[]
  return scriptedService((call: Received, response: ServerResponse) => {
    const { method, url, body } = call
    if (url.startsWith(O_CLOUDS)) {
      if (url.endsWith('/kubeconfig')) return void response.end('kind: Config\n')
      if (method === 'DELETE') {
        oClouds.splice(
          oClouds.findIndex(({ oCloudId }) => url.endsWith(String(oCloudId))),
          1,
        )
        return void response.writeHead(204).end()
      }
      if (method === 'GET') return answer(response, 200, oClouds)
      const { kubeconfig: _, ...sent } = JSON.parse(body)
      const oCloud = { oCloudId: `id-of-${sent.name}`, simulated: false, managed: false, ...sent }
      if (method === 'POST') oClouds.push(oCloud)
      return answer(response, method === 'POST' ? 201 : 200, oCloud)
    }
    if (url.includes('/logs'))
      return void response
        .writeHead(200)
        .end(
          `${JSON.stringify({ time: '2026-11-24T10:00:00Z', level: 'info', msg: 'a "line" of the log', step: 'smo' })}\n`,
        )
    if (url.endsWith('dryRun=true')) return answer(response, 200, { dryRun: true, steps: [] })
    if (method === 'POST' && url === REQUESTS) return answer(response, ...posted)
    if (url.endsWith('/retry')) return answer(response, 202, aRequest({ generation: 2 }))
    if (!url.endsWith('/events')) return answer(response, 200, FULFILLED)
    sendEvents(response, [
      ['1-0', 'snapshot', aRequest({})],
      ['2-0', 'end', { provisioningPhase: 'FULFILLED' }],
    ])
    response.end()
  })
}

const provision = (server: string, args: string[] = [], env: Record<string, string> = {}) =>
  runCli(['provision', ...args, '--server', server], { env })
const posted = (received: Received[], url = REQUESTS) =>
  received.filter((call) => call.method === 'POST' && call.url === url).map(({ body }) => JSON.parse(body))

describe("o2ims provision without --file: the seed's flow", () => {
  test('posts its request, follows it and ends with 0', async () => {
    await using seed = await service()
    const { code, stdout, stderr } = await provision(seed.server)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('FULFILLED. The report:')
    expect(posted(seed.received)).toMatchObject([
      { provisioningRequestId: 'edge-5g-deployment', templateName: 'edge-5g-kind', options: { timeoutSeconds: 600 } },
    ])
  })

  test('every option of the seed has its effect in what is posted', async () => {
    await using seed = await service()
    const args = ['--smo-cluster', 'lab', '--edge-ip', '10.0.0.100', '--skip-focom', '--timeout', '900', '--no-cleanup']
    expect((await provision(seed.server, args)).code).toBe(0)
    expect(posted(seed.received)).toMatchObject([
      {
        templateParameters: { clusterName: 'lab', edgeAddress: '10.0.0.100', focomDefinitions: 'external' },
        options: { timeoutSeconds: 900, cleanupOnFailure: false },
      },
    ])
  })

  test('so has every variable, and the short options go before them', async () => {
    await using seed = await service()
    const env = {
      SMO_CLUSTER_NAME: 'lab',
      EDGE_KUBECONFIG: kubeconfig,
      O2IMS_NAMESPACE: 'ims',
      FOCOM_NAMESPACE: 'focom',
      VM2_IP: '10.0.0.100',
      TIMEOUT: '900',
      CLEANUP_ON_FAILURE: 'false',
      DELETE_CLUSTER_ON_FAILURE: 'false',
      KPT_CATALOG_URL: 'https://github.com/nephio-project/catalog.git',
      KPT_CATALOG_REF: 'v2.0.0',
      FOCOM_PACKAGE_PATH: 'nephio/optional/focom-operator',
    }
    expect((await provision(seed.server, [], env)).code).toBe(0)
    const short = await provision(seed.server, ['-t', '30', '-c', '-v'], env)
    expect(short.stdout).toContain('a "line" of the log')
    const templateParameters = {
      clusterName: 'lab',
      edge: 'edge-ocloud-lab',
      o2imsNamespace: 'ims',
      focomNamespace: 'focom',
      operator: 'package',
      edgeAddress: '10.0.0.100',
      focomPackage: { repository: env.KPT_CATALOG_URL, ref: 'v2.0.0', directory: env.FOCOM_PACKAGE_PATH },
    }
    expect(posted(seed.received)).toMatchObject([
      {
        provisioningRequestId: 'edge-5g-deployment-lab',
        templateParameters,
        options: { timeoutSeconds: 900, cleanupOnFailure: false, deleteClusterOnFailure: false },
      },
      { templateParameters, options: { timeoutSeconds: 30, cleanupOnFailure: true, deleteClusterOnFailure: false } },
    ])
    expect((await provision(seed.server, ['-d'], env)).stdout).toContain('Nothing was written')
  })

  test('F27: a second run finds the first and changes nothing', async () => {
    await using seed = await service([200, FULFILLED])
    const { code, stdout } = await provision(seed.server)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ran-1 stood already \(FULFILLED\): the identical request was posted before/)
    expect(seed.calls().filter((call) => !call.startsWith('GET'))).toEqual([`POST ${REQUESTS}`])
  })

  test('after a failure it runs again', async () => {
    await using seed = await service([200, FAILED])
    const { code, stdout } = await provision(seed.server)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ran-1 stood already \(FAILED\): all its steps run again/)
    expect(seed.calls()).toContain(`POST ${REQUESTS}/ran-1/retry`)
  })

  test('with other settings than the one that stands, the way out is told', async () => {
    await using seed = await service([409, { title: 'The id is known already', status: 409, code: 'ALREADY_EXISTS' }])
    const { code, stderr } = await provision(seed.server, ['--timeout', '5'])
    expect(code).toBe(1)
    expect(stderr).toContain('posted before with other settings')
    expect(stderr).toContain('delete edge-5g-deployment --follow')
  })

  test('F9, F10: --dry-run ends 0 with the plan and leaves nothing registered', async () => {
    await using seed = await service()
    const { code, stdout, stderr } = await provision(seed.server, ['--dry-run', '--verbose'], {
      EDGE_KUBECONFIG: kubeconfig,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Dry run: 0 to create')
    expect(stdout).toContain('provisioningRequestId: edge-5g-deployment\n')
    const writes = seed.calls().filter((call) => !call.startsWith('GET'))
    expect(writes).toEqual([
      `POST ${O_CLOUDS}`,
      `POST ${REQUESTS}?dryRun=true`,
      expect.stringMatching(/^DELETE \/o2ims\/v1\/ocloud\/id-of-dry-run-/),
    ])
  })

  test('F9: a dry run of what stands already registers nothing', async () => {
    await using seed = await service()
    const env = { EDGE_KUBECONFIG: kubeconfig }
    await provision(seed.server, [], env)
    const before = seed.received.length
    expect((await provision(seed.server, ['--dry-run'], env)).code).toBe(0)
    const writes = seed
      .calls()
      .slice(before)
      .filter((call) => !call.startsWith('GET'))
    expect(writes).toEqual([`POST ${REQUESTS}?dryRun=true`])
  })

  test('F11: --verbose shows the request and the log of the run', async () => {
    await using seed = await service()
    const { stdout } = await provision(seed.server, ['--verbose'])
    expect(stdout).toContain('clusterName: focom-smo\n')
    expect(stdout).toContain('10:00:00 INFO  smo: a "line" of the log\n')
    const quiet = await provision(seed.server)
    expect(quiet.stdout).not.toContain('a "line" of the log')
  })

  test('F17: --skip-kind registers both kubeconfigs once, renews them for the same cluster, refuses another one', async () => {
    await using seed = await service()
    const env = { SMO_KUBECONFIG: kubeconfig, EDGE_KUBECONFIG: kubeconfig }
    const first = await provision(seed.server, ['--skip-kind'], env)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).not.toContain('geheim')
    expect(posted(seed.received, O_CLOUDS)).toMatchObject([
      { name: 'focom-smo', kubeconfig: expect.stringContaining('geheim-1') },
      { name: 'edge-ocloud', kubeconfig: expect.stringContaining('geheim-1') },
    ])
    expect(posted(seed.received)).toMatchObject([
      { templateName: 'edge-5g', templateParameters: { smo: 'focom-smo', edge: 'edge-ocloud' } },
    ])

    const before = seed.received.length
    await provision(seed.server, ['--skip-kind'], env)
    const again = seed.received.slice(before)
    expect(posted(again)).toEqual(posted(seed.received).slice(0, 1))
    expect(again.filter(({ method, url }) => method !== 'GET' && url.startsWith(O_CLOUDS))).toEqual([])

    await writeFile(kubeconfig, kubeconfigOf('https://192.0.2.7:6443', 'geheim-2'))
    await provision(seed.server, ['--skip-kind'], env)
    const renewed = seed.received.filter(({ method }) => method === 'PUT')
    expect(renewed.map(({ url }) => url)).toEqual([`${O_CLOUDS}/id-of-focom-smo`, `${O_CLOUDS}/id-of-edge-ocloud`])
    expect(JSON.parse(renewed[0]?.body ?? '')).not.toHaveProperty('oCloudId')

    await writeFile(kubeconfig, kubeconfigOf('https://192.0.2.8:6443', 'geheim-3'))
    const other = await provision(seed.server, ['--skip-kind'], env)
    expect(other.code).toBe(1)
    expect(other.stderr).toContain('SMO_KUBECONFIG: an O-Cloud focom-smo is there already')
  })

  test('--skip-kind without a kubeconfig takes the O-Clouds of those names, and says which one is missing', async () => {
    const oCloud = (name: string) => ({ oCloudId: name, name, simulated: true, managed: false })
    await using there = await service([201, aRequest({})], [oCloud('focom-smo'), oCloud('edge-ocloud')])
    expect((await provision(there.server, ['--skip-kind'])).code).toBe(0)
    await using half = await service([201, aRequest({})], [oCloud('focom-smo')])
    const { code, stderr } = await provision(half.server, ['--skip-kind'])
    expect(code).toBe(1)
    expect(stderr).toContain('--skip-kind needs EDGE_KUBECONFIG, or an O-Cloud that is called edge-ocloud')
  })

  test('SMO_KUBECONFIG without --skip-kind: the kubeconfig of the cluster that was made, for its owner alone', async () => {
    const made = { oCloudId: 'smo', name: 'focom-smo', simulated: false, managed: true }
    await using seed = await service([201, aRequest({})], [made])
    const file = join(folder, 'smo')
    const { code, stdout } = await provision(seed.server, [], { SMO_KUBECONFIG: file })
    expect(code).toBe(0)
    expect(stdout).toContain(`${file} holds the kubeconfig of focom-smo`)
    expect(await readFile(file, 'utf8')).toBe('kind: Config\n')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  test("somebody's own kubeconfig is not replaced, and nothing is posted then", async () => {
    await using seed = await service()
    const { code, stderr } = await provision(seed.server, [], { SMO_KUBECONFIG: kubeconfig })
    expect({ code, calls: seed.calls() }).toEqual({ code: 1, calls: [] })
    expect(stderr).toContain('holds something else than the cluster focom-smo')
  })

  test.each([
    [
      ['--timeout', 'soon'],
      {},
      "option '-t, --timeout <seconds>' argument 'soon' is invalid. It must be a whole number",
    ],
    [['--timeout', '0'], {}, 'It must be a whole number from 1 to 86400'],
    [['--timeout'], {}, "option '-t, --timeout <seconds>' argument missing"],
    [[], { TIMEOUT: 'soon' }, 'TIMEOUT must be a whole number of seconds from 1 to 86400, not "soon"'],
    [['--edge-ip', 'a b'], {}, '--edge-ip must be an address or a host'],
    [[], { EDGE_KUBECONFIG: '/nowhere' }, '/nowhere cannot be read'],
  ])('F14: %j %j is refused by name, and nothing is posted', async (args, env, message) => {
    await using seed = await service()
    const { code, stdout, stderr } = await provision(seed.server, args, env)
    expect({ code, stdout, calls: seed.calls() }).toEqual({ code: 1, stdout: '', calls: [] })
    expect(stderr).toContain(message)
  })
})

describe('o2ims provision --file with options of the seed', () => {
  const withFile = (server: string, args: string[]) =>
    runCli(['provision', '-f', '-', '--server', server, ...args], {
      input: 'name: x\noptions: { retries: 2, timeoutSeconds: 5 }\n',
    })

  test('--timeout and --no-cleanup go before what stands in the file; the environment does not', async () => {
    await using seed = await service()
    await withFile(seed.server, ['--timeout', '30', '--no-cleanup'])
    expect(posted(seed.received)).toEqual([
      { name: 'x', options: { retries: 2, timeoutSeconds: 30, cleanupOnFailure: false } },
    ])
  })

  test.each([
    [['--smo-cluster', 'a', '--skip-kind'], '--smo-cluster, --skip-kind says nothing with --file'],
    [['--cleanup', '--no-cleanup'], 'error: --cleanup and --no-cleanup contradict each other: give one of them'],
    [['--no-cleanup', '-c'], 'error: --cleanup and --no-cleanup contradict each other'],
    [['--verbose', '--dry-run'], 'goes with neither --dry-run nor --no-follow'],
  ])('%j is refused', async (args, message) => {
    await using seed = await service()
    const { code, stderr } = await withFile(seed.server, args)
    expect({ code, calls: seed.calls() }).toEqual({ code: 1, calls: [] })
    expect(stderr).toContain(message)
  })

  test('F11: --verbose shows the log of the run', async () => {
    await using seed = await service()
    expect((await withFile(seed.server, ['--verbose'])).stdout).toContain('smo: a "line" of the log')
  })
})

test('F19: help says what it was asked for and nothing else', async () => {
  const { code, stdout, stderr } = await runCli(['provision', '--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/DELETE_CLUSTER_ON_FAILURE +true or false/)
  expect(stdout).toContain('Exit codes:')
})
