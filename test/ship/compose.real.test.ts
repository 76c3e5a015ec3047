import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../harness/children.ts'
import { call, statusUnder, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { kindClusters, run } from '../harness/kind-clusters.ts'
import { needs } from '../harness/needs.ts'
import { requestFor } from '../harness/templates.ts'
import { readBill } from './bill-of-materials.ts'
import { type ComposeProject, composeProject } from './compose-project.ts'
import { buildImages, makeStandIns } from './images.ts'
import { dashboardExpressions, prometheusAt } from './prometheus.ts'

const PARTS = ['compose', 'debootstrap', 'kind', 'kpt', 'kubectl'] as const
const IMAGES = ['api', 'worker'] as const
const TITLES = { api: 'o2ims API', worker: 'o2ims worker' }
/** Grafana's image cannot be pulled either, and nothing stands in for it: Debian has no Grafana. */
const SERVICES = ['redis', 'api', 'worker', 'prometheus']
/** What they show has not happened in these tests: nobody subscribes, and a simulated O-Cloud needs no tool. */
const EMPTY_PANELS = new Set(['Notifications', 'Lag of notifications', 'Child processes (p95)'])
const CLUSTERS = 'o2ims-test-in-container-'
/** Each container gets no more than this, as in docker-compose.yml. */
const CONFINED = ['--rm', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']

const say = (text: string) => process.stdout.write(`${text}\n`)
const timed = async (what: string, work: Promise<unknown>): Promise<void> => {
  const started = performance.now()
  await work
  say(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

/** What Node says in a container of an image. */
const inside = (image: string, script: string) =>
  run('docker', 'run', ...CONFINED, '--entrypoint', 'node', image, '--eval', script)

describe('the images, on stand-ins for base images, which cannot be pulled everywhere', needs(...PARTS), () => {
  let project: ComposeProject
  let url: string
  let prometheus: ReturnType<typeof prometheusAt>
  let env: Record<string, string>

  beforeAll(async () => {
    await timed('stand-ins made', makeStandIns())
    say('LEFT OUT: grafana, whose image cannot be had here; test/ship/grafana.test.ts reads what it would be given')
    const [api, redis, worker, prometheusPort] = await freePorts(4)
    prometheus = prometheusAt(`http://127.0.0.1:${prometheusPort}`)
    const socket = process.env.DOCKER_HOST?.replace('unix://', '') ?? '/var/run/docker.sock'
    env = {
      O2IMS_PORT: `${api}`,
      O2IMS_URL: 'http://o2.test',
      O2IMS_REDIS_PORT: `${redis}`,
      O2IMS_WORKER_PORT: `${worker}`,
      O2IMS_PROMETHEUS_PORT: `${prometheusPort}`,
      DOCKER_SOCKET: socket,
      DOCKER_GID: await run('stat', '-c', '%g', socket),
    }
    url = `http://127.0.0.1:${api}`
    project = composeProject([], env)
    await project.down()
    await timed('images built', buildImages())
    for (const image of IMAGES) {
      const bytes = await run('docker', 'image', 'inspect', '--format', '{{.Size}}', `o2ims-test/${image}`)
      say(`image ${image}: ${Math.round(Number(bytes) / 1e6)} MB`)
      // Those of earlier sources.
      const title = `label=org.opencontainers.image.title=${TITLES[image]}`
      await run('docker', 'image', 'prune', '--force', '--filter', title)
    }
  }, 400_000)
  afterAll(() => project?.down())

  /** From the start of a container to a line of its log. */
  async function sinceStart(service: string, msg: string): Promise<string> {
    const lines = (await project.run('logs', '--no-log-prefix', service)).split('\n').filter((line) => line[0] === '{')
    const logged = lines.map((line) => JSON.parse(line)).find((line) => line.msg === msg)
    const started = await run('docker', 'inspect', '--format', '{{.State.StartedAt}}', await project.container(service))
    return `${((Date.parse(logged.time) - Date.parse(started)) / 1000).toFixed(2)} s`
  }

  test('that of the API runs as nobody on a read-only file system, and has no shell and no tool', async () => {
    expect(await run('docker', 'run', ...CONFINED, 'o2ims-test/api', '--version')).toMatch(/^\d+\.\d+\.\d+$/)
    const seen = await inside(
      'o2ims-test/api',
      `const { existsSync, readdirSync } = require('node:fs')
      const programs = process.env.PATH.split(':').flatMap((folder) => existsSync(folder) ? readdirSync(folder) : [])
      console.log(JSON.stringify({ programs, uid: process.getuid(), dev: existsSync('/app/node_modules/vitest'), test: existsSync('/app/test') }))`,
    )
    expect(JSON.parse(seen)).toEqual({ programs: ['node'], uid: 65_532, dev: false, test: false })
  })

  test('has what every module of ours needs, though Dockerfile takes much from the packages', async () => {
    const all = `for (const file of require('node:fs').globSync('/app/src/**/*.ts')) if (!file.endsWith('/cli/main.ts')) await import(file)`
    await inside('o2ims-test/api', `void (async () => { ${all} })()`)
  })

  test.each([
    ['kind', 'version'],
    ['kpt', 'version'],
    ['kubectl', 'version', '--client'],
    ['git', '--version'],
    ['docker', '--version'],
    ['ssh', '-V'],
  ])('that of the worker has %s', async (tool, ...args) => {
    await run('docker', 'run', ...CONFINED, '--entrypoint', tool, 'o2ims-test/worker', ...args)
  })

  test('the SBOM of each names what is in it, and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'o2ims-sbom-'))
    try {
      await run('make', 'sbom', `ARGS=${folder} o2ims-test/api o2ims-test/worker`)
      for (const image of IMAGES) {
        const packages = await inside(
          `o2ims-test/${image}`,
          `const { globSync, readFileSync } = require('node:fs')
          const files = globSync(['/app/node_modules/{*,@*/*}/package.json', '/app/node_modules/**/node_modules/{*,@*/*}/package.json'])
          for (const file of files) { const { name, version } = JSON.parse(readFileSync(file)); console.log(name + '@' + version) }`,
        )
        const bill = readBill(folder, image)
        const named = (kind: string) =>
          bill.components.filter(({ purl }) => purl?.startsWith(kind)).map(({ name, version }) => `${name}@${version}`)
        expect(named('pkg:npm/').sort()).toEqual([...new Set(packages.split('\n'))].sort())
        expect(named('pkg:deb/').join()).toContain(image === 'api' ? 'libstdc++6@' : 'git@')
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test.each(IMAGES)('of the %s say what they are and how they are', async (image) => {
    const [{ Config: config }] = JSON.parse(await run('docker', 'image', 'inspect', `o2ims-test/${image}`))
    expect(config).toMatchObject({ User: '65532:65532', Volumes: { '/data': {} } })
    expect(config.Healthcheck.Test.slice(0, 2)).toEqual(['CMD', 'node'])
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': TITLES[image],
      'org.opencontainers.image.licenses': 'Apache-2.0',
    })
  })

  test('one command gives a service whose Swagger UI answers, and which provisions', async () => {
    await timed('compose up to healthy', project.run('up', '--detach', '--wait', '--no-build', ...SERVICES))
    say(`api listens ${await sinceStart('api', 'the API is listening')} after its start`)
    say(`worker runs ${await sinceStart('worker', 'the worker is running')} after its start`)
    expect((await fetch(`${url}/docs/`)).status).toBe(200)
    const requests = `${url}/o2ims/v1/provisioningRequests`
    const request = requestFor('in-containers', 'kpt-workload', { oCloud: 'sim-edge-1' })
    expect((await call(requests, 'POST', request)).status).toBe(201)
    const { body } = await toTheEnd(url, 'in-containers')
    expect(body.status).toMatchObject({ provisioningPhase: 'FULFILLED' })
    // As for any service on loopback, another site may not point its own name here.
    expect(await statusUnder('localhost', `${url}/readyz`)).toBe(200)
    expect(await statusUnder('o2.test', `${url}/readyz`)).toBe(200)
    expect(await statusUnder('rebound.test', `${url}/readyz`)).toBe(403)
  })

  test('a request for a kind cluster fails there, before it makes anything, and names the file that gives the worker Docker', async () => {
    const request = requestFor('no-docker', 'kind-cluster', { clusterName: `${CLUSTERS}never` })
    expect((await call(`${url}/o2ims/v1/provisioningRequests`, 'POST', request)).status).toBe(201)
    const { body } = await toTheEnd(url, 'no-docker')
    expect(body.progress.error).toMatchObject({ code: 'PREFLIGHT_FAILED', step: 'check' })
    expect(body.progress.error.cause).toContain('docker-compose.kind.yml')
  })

  test('a worker and a Redis that are killed come back, and the request goes on where it was', async () => {
    const id = 'survives'
    const options = { simulation: { stepDelayMs: 3_000 } }
    const request = requestFor(id, 'kpt-workload', { oCloud: 'sim-edge-1', namespace: id }, options)
    expect((await call(`${url}/o2ims/v1/provisioningRequests`, 'POST', request)).status).toBe(201)
    const steps = async () => (await call(`${url}/o2ims/v1/provisioningRequests/${id}`)).body.progress.steps
    await eventually(async () => expect((await steps())[1].state).toBe('RUNNING'), 30_000)
    const [before] = await steps()

    const worker = await project.container('worker')
    const redis = await project.container('redis')
    // Its child, so that Docker sees it end by itself and starts it again.
    await run('docker', 'exec', worker, 'sh', '-c', 'kill -9 $(cat /proc/1/task/1/children)')
    await run('docker', 'kill', redis)
    await run('docker', 'start', redis)

    const { body } = await toTheEnd(url, id, 120_000)
    expect(body.status).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect(body.progress.steps[0]).toEqual(before)
    expect(Number(await run('docker', 'inspect', '--format', '{{.RestartCount}}', worker))).toBeGreaterThan(0)
  })

  test('Prometheus scrapes API and workers, and its rules and every panel of the dashboard are of use', async () => {
    expect((await call(`${url}/nowhere`)).status).toBe(404)
    await project.run('up', '--detach', '--wait', '--no-build', '--scale', 'worker=2', 'worker')
    await eventually(async () => {
      expect((await prometheus.targets()).sort()).toEqual(['o2ims-api up', 'o2ims-worker up', 'o2ims-worker up'])
    }, 60_000)
    await eventually(async () => {
      const rules = await prometheus.rules()
      expect(rules.size).toBeGreaterThan(5)
      expect([...rules].filter(([, health]) => health !== 'ok')).toEqual([])
    }, 60_000)
    for (const { panel, expr } of dashboardExpressions())
      await eventually(async () => {
        const series = await prometheus.seriesOf(expr)
        if (!EMPTY_PANELS.has(panel)) expect(series, `${panel}: ${expr}`).toBeGreaterThan(0)
      }, 60_000)
  })

  test('an alert fires when it should, and not otherwise', async () => {
    const folders = ['observability', 'test/ship'].map((folder) => `${process.cwd()}/${folder}:/${folder}:ro`)
    const mounts = folders.flatMap((folder) => ['--volume', folder])
    const promtool = [
      '--tmpfs',
      '/tmp',
      '--workdir',
      '/tmp',
      ...mounts,
      '--entrypoint',
      'promtool',
      'o2ims-test/prometheus',
    ]
    await run('docker', 'run', ...CONFINED, ...promtool, 'test', 'rules', '/test/ship/alert-cases.yaml')
    for (const config of ['prometheus.yaml', 'prometheus.kind.yaml'])
      await run('docker', 'run', ...CONFINED, ...promtool, 'check', 'config', `/observability/${config}`)
  })

  test('with docker-compose.kind.yml a worker that is nobody makes a true cluster', async () => {
    await project.down()
    const clusters = kindClusters(CLUSTERS)
    await clusters.remove()
    project = composeProject(['docker-compose.kind.yml'], env)
    await timed('compose up for kind to healthy', project.run('up', '--detach', '--wait', '--no-build'))
    const requests = `${url}/o2ims/v1/provisioningRequests`
    const request = requestFor('true-cluster', 'kind-cluster', { clusterName: `${CLUSTERS}edge` })
    expect((await call(requests, 'POST', request)).status).toBe(201)
    const { body } = await toTheEnd(url, 'true-cluster', 150_000)
    expect(body.status, JSON.stringify(body.progress)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect((await call(`${requests}/true-cluster`, 'DELETE')).status).toBe(202)
    await eventually(async () => expect((await call(`${requests}/true-cluster`)).status).toBe(404), 60_000)
    expect(await clusters.containers()).toEqual(new Map())
  })

  test('and without the group of the socket says what to export', async () => {
    const unset = composeProject(['docker-compose.kind.yml'], { ...env, DOCKER_GID: '' })
    await expect(unset.run('config', '--quiet')).rejects.toThrow(/DOCKER_GID .*export DOCKER_GID=\$\(stat/)
  })
})
