import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli, startCli } from '../cli/run-cli.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'

const sample = (name: string) => fileURLToPath(new URL(`../../samples/requests/${name}.yaml`, import.meta.url))

describe('the command line against the service', needs('redis'), () => {
  let server: TestServer
  const o2ims = (...args: string[]) => runCli([...args, '--server', server.url])

  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.dispose())

  test('a dry run tells what would be created and leaves nothing behind', async () => {
    const { code, stdout } = await o2ims('provision', '-f', sample('kpt-workload'), '--dry-run')
    expect(code).toBe(0)
    expect(stdout).toMatch(/create\s+Deployment ran-sample-workload\/du/)
    expect((await o2ims('status')).stdout).toContain('There are no requests yet')
  })

  test('provision, status, report, retry and delete of a request, as a person would', async () => {
    const provisioned = await o2ims('provision', '-f', sample('kpt-workload'))
    expect(provisioned).toMatchObject({ code: 0, stderr: '' })
    expect(provisioned.stdout).toMatch(/SIMULATED[\s\S]*workload {2}SUCCEEDED[\s\S]*100% {2}FULFILLED/)

    const identical = await o2ims('provision', '-f', sample('kpt-workload'))
    expect(identical).toMatchObject({ code: 0, stderr: '' })
    expect(identical.stdout).toMatch(/^sample-kpt-workload stood already \(FULFILLED\)[\s\S]*100% {2}FULFILLED/)
    expect((await o2ims('status')).stdout).toMatch(/sample-kpt-workload\s.*FULFILLED\s+100%\s+simulated/)
    const status = JSON.parse((await o2ims('status', 'sample-kpt-workload', '--output', 'json')).stdout)
    expect(status).toMatchObject({
      status: { provisioningPhase: 'FULFILLED' },
      progress: { generation: 1, percent: 100 },
    })

    expect((await o2ims('report', 'sample-kpt-workload')).stdout).toMatch(/^# /)
    expect(JSON.parse((await o2ims('report', 'sample-kpt-workload', '--format', 'json')).stdout)).toBeTypeOf('object')

    const again = await o2ims('retry', 'sample-kpt-workload', '--follow')
    expect(again).toMatchObject({ code: 0, stderr: '' })
    const gone = await o2ims('delete', 'sample-kpt-workload', '--follow')
    expect(gone.code).toBe(0)
    expect(gone.stdout).toContain('sample-kpt-workload is deleted')
    expect((await o2ims('status', 'sample-kpt-workload')).code).toBe(1)
  })

  test('a request that fails where it was asked to ends with exit code 6 and says which step it was', async () => {
    const request = {
      provisioningRequestId: 'cli-fails',
      name: 'fails',
      description: 'fails at its workload',
      templateName: 'kpt-workload',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-edge-1', namespace: 'cli-fails' },
      options: { simulation: { failAt: 'workload' } },
    }
    const { code, stderr } = await runCli(['provision', '-f', '-', '--server', server.url], {
      input: JSON.stringify(request),
    })
    expect(code).toBe(6)
    expect(stderr).toContain('SIMULATED_FAILURE in step workload')
  })

  test('kubeconfig takes a name, and says of a simulated cluster that it has none', async () => {
    expect((await o2ims('provision', '-f', sample('kind-cluster'))).code).toBe(0)
    const byName = await o2ims('kubeconfig', 'sample-cluster')
    expect(byName.code).toBe(1)
    expect(byName.stderr).toContain('sample-cluster is simulated and has no kubeconfig')
    const status = JSON.parse((await o2ims('status', 'sample-kind-cluster', '--output', 'json')).stdout)
    const id: string = status.provisionedResourceSet.nodeClusterId
    expect(await o2ims('kubeconfig', id)).toEqual(byName)
    expect((await o2ims('kubeconfig', 'nowhere')).stderr).toContain('no O-Cloud with the id or the name nowhere')
  })

  test("the seed's flow on clusters that are there: planned, run, seen from all sides, run again, removed", async () => {
    for (const name of ['focom-smo', 'edge-ocloud'])
      expect((await o2ims('ocloud', 'add', name, '--simulated')).code).toBe(0)
    const skipped = await o2ims('provision', '--skip-kind', '--skip-focom')
    expect(skipped.code).toBe(3)
    expect(skipped.stderr).toMatch(/FOCOM_FAILED in step focom: .*oclouds\.focom\.nephio\.org is missing/)
    expect((await o2ims('delete', 'edge-5g-deployment', '--follow')).code).toBe(0)

    const plan = await o2ims('provision', '--skip-kind', '--dry-run')
    expect(plan.code).toBe(0)
    expect(plan.stdout).toMatch(/create +Deployment ran-workloads\/du[\s\S]*Nothing was written/)
    expect((await o2ims('status', 'edge-5g-deployment')).code).toBe(1)

    const ran = await o2ims('provision', '--skip-kind', '--verbose')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/\d INFO {2}focom: applied, in focom-system[\s\S]*FULFILLED\. The report/)

    const before = JSON.parse((await o2ims('status', 'edge-5g-deployment', '--output', 'json')).stdout)
    const again = await o2ims('provision', '--skip-kind')
    expect(again.code).toBe(0)
    expect(again.stdout).toContain('edge-5g-deployment stood already (FULFILLED)')
    expect(JSON.parse((await o2ims('status', 'edge-5g-deployment', '--output', 'json')).stdout)).toEqual(before)

    const table = await o2ims('status', 'edge-5g-deployment', '--resources')
    expect(table.stdout).toMatch(/^RESOURCE +TYPE +STATUS +MESSAGE\n[\s\S]*^ran-workloads\/du +Deployment +Ready/m)
    const logs = (await o2ims('logs', '-f', 'edge-5g-deployment', '--output', 'json')).stdout.trimEnd().split('\n')
    expect(logs.map((line) => JSON.parse(line).msg)).toContain('provisioned')
    expect((await o2ims('diagnostics', 'edge-5g-deployment')).stdout).toMatch(/name: focom-smo\n +reachable: true/)
    expect((await o2ims('report', 'edge-5g-deployment', '--format', 'html')).stdout).toMatch(/^<!doctype html>/)

    expect((await o2ims('delete', 'edge-5g-deployment', '--follow')).stdout).toContain('edge-5g-deployment is deleted')
    for (const name of ['focom-smo', 'edge-ocloud']) expect((await o2ims('ocloud', 'rm', name)).code).toBe(0)
  })

  test('F12: a failure undoes what was made; with --no-cleanup it stays and is listed', async () => {
    const failing = (id: string, ...args: string[]) => {
      const templateParameters = { oCloud: 'sim-edge-2', namespace: id }
      const names = { provisioningRequestId: id, name: id, description: '', templateName: 'kpt-workload' }
      const options = { simulation: { failAt: 'ready' } }
      const body = { ...names, templateVersion: '1.0.0', templateParameters, options }
      return runCli(['provision', '-f', '-', '--server', server.url, ...args], { input: JSON.stringify(body) })
    }
    const undone = await failing('cli-undone')
    expect({ code: undone.code, undone: undone.stderr.includes('undone: ') }).toEqual({ code: 6, undone: true })
    expect(undone.stderr).not.toContain('left behind: ')
    const left = await failing('cli-left', '--no-cleanup')
    expect(left.code).toBe(6)
    expect(left.stderr).toContain('left behind: Deployment cli-left/du')
  })

  test('F15: --timeout bounds the whole run, and ends it with exit code 7', async () => {
    const request = {
      provisioningRequestId: 'cli-late',
      name: 'late',
      description: 'falls silent',
      templateName: 'kpt-workload',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-edge-2', namespace: 'cli-late' },
      options: { simulation: { silentAt: 'workload' } },
    }
    const args = ['provision', '-f', '-', '--timeout', '1', '--server', server.url]
    const { code, stderr } = await runCli(args, { input: JSON.stringify(request) })
    expect(code).toBe(7)
    expect(stderr).toContain('TIMEOUT in step workload')
  })

  test('a request that waits for approval is refused, and one that is approved runs', async () => {
    const waiting = (id: string) => ({
      provisioningRequestId: id,
      name: id,
      description: 'waits',
      templateName: 'kpt-workload',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-edge-2', namespace: id },
      options: { approval: { required: true, approvers: ['platform-team'] } },
    })
    for (const id of ['cli-refused', 'cli-approved'])
      await runCli(['provision', '-f', '-', '--no-follow', '--server', server.url], {
        input: JSON.stringify(waiting(id)),
      })
    expect((await o2ims('approve', 'cli-approved', '--approver', 'somebody')).code).toBe(1)
    expect((await o2ims('approve', 'cli-approved', '--approver', 'platform-team', '--comment', 'go')).code).toBe(0)
    expect((await o2ims('status', 'cli-approved', '--follow')).code).toBe(0)
    expect((await o2ims('reject', 'cli-refused', '--approver', 'platform-team')).code).toBe(0)
    const refused = await o2ims('status', 'cli-refused', '--follow')
    expect(refused.code).toBe(6)
    expect(refused.stderr).toContain('rejected by platform-team')
  })

  test('validate asks the service, whose O-Clouds and templates count', async () => {
    expect((await o2ims('validate', sample('kpt-workload'))).stdout).toContain('the service would make')
    const wrong = await runCli(['validate', '-', '--server', server.url], {
      input:
        "{ provisioningRequestId: v, name: v, description: '', templateName: kpt-workload, templateVersion: 1.0.0, templateParameters: { oCloud: nowhere } }",
    })
    expect(wrong.code).toBe(1)
    expect(wrong.stdout).toContain('/templateParameters/oCloud: is neither the id nor the name')
  })

  test('a template is published, shown and withdrawn', async () => {
    const { stdout } = await o2ims('template', 'show', 'kind-cluster', '--output', 'yaml')
    const input = stdout.replace('name: kind-cluster', 'name: cli-own')
    const added = await runCli(['template', 'add', '-', '--server', server.url], { input })
    expect(added).toEqual({ code: 0, stdout: 'cli-own 1.0.0 is published\n', stderr: '' })
    expect((await o2ims('template', 'list')).stdout).toMatch(/cli-own +1\.0\.0/)
    expect((await o2ims('template', 'rm', 'cli-own', '1.0.0')).code).toBe(0)
  })

  test('cancel ends a running request with exit code 6 for the one who follows it', async () => {
    const request = {
      provisioningRequestId: 'cli-cancelled',
      name: 'cancelled',
      description: 'is slow',
      templateName: 'kpt-workload',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-edge-1', namespace: 'cli-cancelled' },
      options: { simulation: { silentAt: 'workload' } },
    }
    const following = startCli(['provision', '-f', '-', '--server', server.url], { input: JSON.stringify(request) })
    await following.says('workload  RUNNING')
    expect((await o2ims('cancel', 'cli-cancelled')).code).toBe(0)
    const { code, stderr } = await following.finished
    expect(code).toBe(6)
    expect(stderr).toContain('CANCELLED')
  })

  test('who follows a request sees its end though the service was restarted in between', async () => {
    const request = {
      provisioningRequestId: 'cli-restart',
      name: 'restarted',
      description: 'outlives its service',
      templateName: 'kpt-workload',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-edge-1', namespace: 'cli-restart' },
      options: { simulation: { stepDelayMs: 1_500 } },
    }
    const following = startCli(['provision', '-f', '-', '--server', server.url], { input: JSON.stringify(request) })
    await following.says('workload  RUNNING')
    await server.stop()
    await following.says('the service is away')
    await server.start()
    const { code, stdout } = await following.finished
    expect(code).toBe(0)
    expect(stdout).toContain('the service is back')
  })
})

describe('o2ims demo', needs('redis'), () => {
  test('goes from POST to FULFILLED on a service of its own, tells people and programs, and leaves nothing', async () => {
    const args = ['demo', '--output', 'json']
    const { code, stdout, stderr } = await runCli(args, { env: { REDIS_URL: 'redis://192.0.2.1:6379' } })
    expect(code).toBe(0)
    const ended: { status: { provisioningPhase: string }; progress: { simulated: boolean } }[] = JSON.parse(stdout)
    expect(ended.length).toBeGreaterThan(1)
    for (const each of ended)
      expect(each).toMatchObject({ status: { provisioningPhase: 'FULFILLED' }, progress: { simulated: true } })
    // As a table, what people read stands on standard output.
    expect(stderr).toContain('SIMULATED O-Clouds')
    expect(stderr).toMatch(/^# /m)
    expect(stderr).toContain('The service of the demo is stopped')
  })

  test('Ctrl-C stops its service too', async () => {
    const demo = startCli(['demo'])
    await demo.says('provisioningRequests < samples/requests/')
    demo.signal('SIGINT')
    const { code, stdout } = await demo.finished
    expect(code).toBe(130)
    const server = /POST (http:\S+)\/o2ims/.exec(stdout)?.[1]
    await expect(fetch(`${server}/healthz`)).rejects.toThrow('fetch failed')
  })
})

test(
  'demo --clean leaves the data of a service in which make ocloud has nothing; with --all it is started once more to remove what it has made',
  needs('redis'),
  async () => {
    const server = await startServer()
    const { dataDir } = server
    try {
      const posted = await runCli(['provision', '-f', sample('kpt-workload'), '--server', server.url])
      expect(posted.code).toBe(0)
      await server.stop()
      const clean = (...more: string[]) =>
        runCli(['demo', '--clean', ...more, '--server', server.url], { env: { DATA_DIR: dataDir } })
      const refused = await clean()
      expect([refused.code, refused.stdout]).toEqual([0, expect.stringContaining('it stays')])
      expect(existsSync(dataDir)).toBe(true)
      const { code, stdout } = await clean('--all')
      expect(code).toBe(0)
      expect(stdout).toMatch(/sample-kpt-workload is being deleted[\s\S]*workload {2}UNDONE[\s\S]*Clean: /)
      expect(existsSync(dataDir)).toBe(false)
    } finally {
      await server.dispose()
    }
  },
)
