import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { removeClusters } from '../../src/cli/real/left-clusters.ts'
import { cast } from '../../src/cli/real/operators.ts'
import { seedSettings } from '../../src/cli/seed/settings.ts'
import { fakeTools } from './fake-tools.ts'
import { runCli } from './run-cli.ts'
import { answer, aRequest, scriptedService, sendEvents } from './scripted-service.ts'

const REQUESTS = '/o2ims/v1/provisioningRequests'
/** All that make ocloud asks for, each with a version that will do. */
function allTools() {
  const version = 'echo "v=7.0.15 v1.0.0 28.2.2"'
  return fakeTools({ 'redis-server': version, docker: version, kind: version, kpt: version, git: version })
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'o2ims-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const gone = (path: string) =>
  access(path).then(
    () => false,
    () => true,
  )

describe('o2ims demo --real', () => {
  test('on a machine that lacks tools says which, and the commands that get them, and starts nothing', async () => {
    await using tools = await fakeTools({ 'redis-server': 'echo "Redis server v=7.0.15"' })
    const dataDir = join(folder, 'data')
    const { code, stdout, stderr } = await runCli(['demo', '--real'], {
      env: { PATH: tools.folder, DATA_DIR: dataDir },
    })
    expect({ code, stdout, untouched: await gone(dataDir) }).toEqual({ code: 1, stdout: '', untouched: true })
    expect(stderr).toContain('this machine lacks docker, kind, kpt')
    expect(stderr).toContain('sudo apt-get install -y docker.io')
  })

  test('says of a request that stood already which of its clusters are gone, on the screen and in the report', async () => {
    await using tools = await allTools()
    const kubeconfig = {
      'current-context': 'edge',
      contexts: [{ name: 'edge', context: { cluster: 'edge' } }],
      clusters: [{ name: 'edge', cluster: { server: 'https://192.0.2.1' } }],
    }
    await writeFile(join(folder, 'edge.kubeconfig'), JSON.stringify(kubeconfig))
    const smo = {
      oCloudId: 'o-1',
      name: 'focom-smo',
      simulated: false,
      managed: true,
      madeBy: { provisioningRequestId: 'edge-5g-deployment' },
      status: { reachable: false, message: 'connect ECONNREFUSED' },
    }
    await using service = await scriptedService(({ method, url }, response) => {
      if (url === '/o2ims/v1/ocloud')
        return method === 'POST' ? answer(response, 201, smo) : answer(response, 200, [smo])
      if (url.endsWith('/report')) return void response.end('# report')
      if (url.endsWith('/events')) {
        sendEvents(response, [['1-0', 'end', { provisioningPhase: 'FULFILLED' }]])
        return void response.end()
      }
      return answer(response, 200, aRequest({ phase: 'FULFILLED' }))
    })
    const file = join(folder, 'OCloud.md')
    const { code, stdout } = await runCli(['demo', '--real', '--report', file, '--server', service.server], {
      env: {
        PATH: tools.folder,
        DATA_DIR: join(folder, 'data'),
        EDGE_KUBECONFIG: join(folder, 'edge.kubeconfig'),
      },
    })
    expect(code).toBe(1)
    expect(stdout).toMatch(/O-Cloud focom-smo cannot be reached now: connect ECONNREFUSED\.\n.*"make clean"/)
    expect(await readFile(file, 'utf8')).toContain('- O-Cloud focom-smo cannot be reached now')
    // Somebody had posted it: cleaning leaves it alone.
    expect(JSON.parse(await readFile(join(folder, 'data/ocloud/started.json'), 'utf8')).requests).toEqual({
      'edge-5g-deployment': { foreign: true },
    })
  })

  test('never writes over a report that it did not write, and starts nothing before it says so', async () => {
    await using tools = await allTools()
    const [file, dataDir] = [join(folder, 'mine.md'), join(folder, 'data')]
    await writeFile(file, 'mine')
    const { code, stderr } = await runCli(['demo', '--real', '--report', file], {
      env: { PATH: tools.folder, DATA_DIR: dataDir },
    })
    expect({ code, untouched: await gone(dataDir) }).toEqual({ code: 1, untouched: true })
    expect(stderr).toContain(`${file} is there already`)
    expect(await readFile(file, 'utf8')).toBe('mine')
  })

  test.each([
    [['--report', 'x.md'], '--report goes with --real'],
    [['--clean', '--focom', 'played'], '--focom goes with --real'],
    [['--real', '--all'], '--all goes with --clean'],
    [['--clusters'], '--clusters goes with --clean'],
    [['--real', '--clean'], 'are two things'],
    [['--real', '--focom', 'nobody'], 'Allowed choices are auto, package, played'],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await runCli(['demo', ...args])
    expect(code).toBe(1)
    expect(stderr).toContain(message)
  })
})

describe('who is played', () => {
  const settings = (env: Record<string, string> = {}) => seedSettings({}, env)

  test('FoCoM where its image cannot be had, and it is said why; the true one where it can', async () => {
    await using away = await fakeTools({ docker: 'echo "no such host" >&2; exit 1' })
    const played = await cast(settings(), 'auto', { PATH: away.folder })
    expect(played).toMatchObject({ focom: true, o2ims: true })
    expect(played.lines[0]).toMatch(
      /^FoCoM is PLAYED .*"operator: external": \S*focom-operator:\S* cannot be had here \(no such host\)/,
    )
    await using there = await fakeTools({ docker: '[ "$1 $2" = "manifest inspect" ]' })
    expect(await cast(settings(), 'auto', { PATH: there.folder })).toMatchObject({ focom: false, o2ims: true })
  })

  test('as is asked for; nobody on an edge that is there; no FoCoM but a package of its own', async () => {
    const env = { PATH: folder }
    expect((await cast(settings(), 'played', env)).focom).toBe(true)
    expect((await cast(settings(), 'package', env)).focom).toBe(false)
    expect((await cast(settings({ FOCOM_PACKAGE_PATH: 'mine' }), 'auto', env)).focom).toBe(false)
    expect((await cast(settings({ EDGE_KUBECONFIG: '/x' }), 'played', env)).o2ims).toBe(false)
  })
})

describe('o2ims demo --clean', () => {
  const clean = (env: Record<string, string>) =>
    runCli(['demo', '--clean', '--server', env.SERVER ?? 'http://127.0.0.1:39999'], { env: { PATH: '', ...env } })

  test('where nothing was started there is nothing to do', async () => {
    const { code, stdout, stderr } = await clean({ DATA_DIR: join(folder, 'data') })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Clean: ')
  })

  test("of somebody else's service only the request of the demo goes, and what the demo registered", async () => {
    const registered = (name: string, labels: object) => ({
      oCloudId: name,
      name,
      simulated: false,
      managed: false,
      labels,
    })
    const ours = registered('edge-ocloud', { 'o2ims.dev/kubeconfig': 'abc' })
    const deleting = aRequest({ phase: 'DELETING' })
    const other = {
      ...deleting,
      provisioningRequestData: { ...deleting.provisioningRequestData, provisioningRequestId: 'other' },
    }
    await using service = await scriptedService(({ method, url }, response) => {
      if (url === '/readyz') return answer(response, 200, {})
      if (url === '/o2ims/v1/ocloud') return answer(response, 200, [ours, registered('focom-smo', {})])
      if (method === 'DELETE') return void response.writeHead(204).end()
      if (url === REQUESTS) return answer(response, 200, [deleting, other])
      if (!url.endsWith('/events')) return answer(response, 200, deleting)
      sendEvents(response, [['1-0', 'end', { deleted: true }]])
      response.end()
    })
    const report = join(folder, 'OCloud.md')
    await writeFile(report, '# report')
    await mkdir(join(folder, 'data/ocloud'), { recursive: true })
    const started = { server: service.server, requests: { 'ran-1': {} }, files: [report] }
    await writeFile(join(folder, 'data/ocloud/started.json'), JSON.stringify(started))
    const { code, stdout } = await clean({ DATA_DIR: join(folder, 'data') })
    expect(code).toBe(0)
    expect(stdout).toContain('ran-1 is being deleted')
    expect(service.calls().filter((call) => call.startsWith('DELETE'))).toEqual([
      `DELETE ${REQUESTS}/ran-1`,
      'DELETE /o2ims/v1/ocloud/edge-ocloud',
    ])
    expect([await gone(report), await gone(join(folder, 'data/ocloud')), await gone(join(folder, 'data'))]).toEqual([
      true,
      true,
      false,
    ])
  })

  test("of somebody else's service a request that stood before the demo stays", async () => {
    await using service = await scriptedService(({ url }, response) =>
      answer(response, 200, url === REQUESTS ? [aRequest({})] : []),
    )
    await mkdir(join(folder, 'data/ocloud'), { recursive: true })
    const started = { server: service.server, requests: { 'ran-1': { foreign: true } }, files: [] }
    await writeFile(join(folder, 'data/ocloud/started.json'), JSON.stringify(started))
    expect((await clean({ DATA_DIR: join(folder, 'data') })).code).toBe(0)
    expect(service.calls().filter((call) => !call.startsWith('GET'))).toEqual([])
  })

  test('nothing is removed while a request of somebody else uses a cluster of the demo: it is named', async () => {
    const cluster = {
      oCloudId: 'o-1',
      name: 'focom-edge',
      simulated: false,
      managed: true,
      madeBy: { provisioningRequestId: 'ran-1' },
    }
    const ours = aRequest({})
    const other = {
      ...ours,
      provisioningRequestData: { ...ours.provisioningRequestData, provisioningRequestId: 'other' },
    }
    await using service = await scriptedService(({ url }, response) => {
      if (url.endsWith('/report')) return answer(response, 200, { access: [{ oCloudId: 'o-1' }] })
      return answer(response, 200, url === REQUESTS ? [ours, other] : [cluster])
    })
    await mkdir(join(folder, 'data/ocloud'), { recursive: true })
    const started = { server: service.server, requests: { 'ran-1': {} }, files: [] }
    await writeFile(join(folder, 'data/ocloud/started.json'), JSON.stringify(started))
    const { code, stderr } = await clean({ DATA_DIR: join(folder, 'data') })
    expect(code).toBe(8)
    expect(stderr).toMatch(/clusters of make ocloud are used by other: nothing is removed[\s\S]*delete other --follow/)
    expect(service.calls().filter((call) => call.startsWith('DELETE'))).toEqual([])
  })

  test("while somebody else's service is away that has a request of the demo, says so and forgets nothing", async () => {
    await mkdir(join(folder, 'data/ocloud'), { recursive: true })
    const started = { server: 'http://127.0.0.1:39998', requests: { 'ran-1': {} }, files: [] }
    await writeFile(join(folder, 'data/ocloud/started.json'), JSON.stringify(started))
    const { code, stderr } = await clean({ DATA_DIR: join(folder, 'data') })
    expect(code).toBe(8)
    expect(stderr).toContain('http://127.0.0.1:39998, which has ran-1, does not answer')
    expect(await gone(join(folder, 'data/ocloud/started.json'))).toBe(false)
  })

  test("somebody's service that the demo never used is left alone", async () => {
    await using service = await scriptedService((_call, response) => answer(response, 200, []))
    const { code } = await clean({ DATA_DIR: join(folder, 'data'), SERVER: service.server })
    expect({ code, calls: service.calls() }).toEqual({ code: 0, calls: ['GET /readyz'] })
  })
})

describe('kind clusters that are left', () => {
  const node = (cluster: string, bind: string) => ({
    Config: { Labels: { 'io.x-k8s.kind.cluster': cluster } },
    HostConfig: { Binds: [bind] },
  })
  const nodes = [
    node('focom-smo', '/dev/null:/etc/o2ims.dev/owner/c2b0:ro'),
    node('mine', '/dev/null:/etc/o2ims.dev/owner/77aa:ro'),
    node('foreign', '/lib/modules:/lib/modules:ro'),
  ]
  const names = { smo: 'focom-smo', edgeCluster: 'focom-edge' }
  const machine = () =>
    fakeTools({
      docker: `case "$1" in ps) echo 0a1b; echo 2c3d;; inspect) echo '${JSON.stringify(nodes)}';; esac`,
      kind: `echo "$@" >> ${join(folder, 'kind-was-asked')}`,
    })

  const asked = () => readFile(join(folder, 'kind-was-asked'), 'utf8')

  test('stay, and it is said how to remove them', async () => {
    await using tools = await machine()
    const { code, stdout } = await runCli(['demo', '--clean', '--server', 'http://127.0.0.1:39999'], {
      env: { PATH: tools.folder, DATA_DIR: join(folder, 'data') },
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^kind cluster focom-smo stays: .*kind delete cluster --name focom-smo$/m)
    expect(stdout).toMatch(/^kind cluster mine stays: /m)
    await expect(asked()).rejects.toThrow('ENOENT')
  })

  test('with --clusters those with the names of the demo and the mark of o2ims go; no other one, and no context of anybody', async () => {
    await using tools = await machine()
    const { code, stdout } = await runCli(['demo', '--clean', '--clusters', '--server', 'http://127.0.0.1:39999'], {
      env: { PATH: tools.folder, DATA_DIR: join(folder, 'data') },
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^kind cluster mine stays: /m)
    expect(await asked()).toMatch(/^delete cluster --name focom-smo --kubeconfig \S+o2ims-clean-\S+\n$/)
  })

  test('one that goes while we look hides no other one', async () => {
    const said = 'echo "Error response from daemon: No such container: 2c3d" >&2; exit 1'
    await using tools = await fakeTools({
      docker: `case "$1" in ps) echo 0a1b; echo 2c3d;; inspect) echo '${JSON.stringify(nodes)}'; ${said};; esac`,
      kind: `echo "$@" >> ${join(folder, 'kind-was-asked')}`,
    })
    expect(await removeClusters(names, { remove: true, env: { PATH: tools.folder } })).toHaveLength(1)
    expect(await readFile(join(folder, 'kind-was-asked'), 'utf8')).toContain('--name focom-smo ')
  })

  test('a docker that lists them and then says nothing more is no clean machine', async () => {
    await using tools = await fakeTools({
      docker: '[ "$1" = ps ] && echo 0a1b && exit; echo "daemon is away" >&2; exit 1',
    })
    await expect(removeClusters(names, { remove: false, env: { PATH: tools.folder } })).rejects.toMatchObject({
      message: 'nobody can tell which kind clusters are left: daemon is away',
      exitCode: 8,
    })
  })
})
