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
  test('goes from POST to FULFILLED on a service of its own, prints reports and what comes next, and leaves nothing', async () => {
    const { code, stdout, stderr } = await runCli(['demo'], { env: { REDIS_URL: 'redis://192.0.2.1:6379' } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('SIMULATED')
    expect(stdout.match(/100% {2}FULFILLED/g)?.length).toBeGreaterThan(1)
    expect(stdout).toMatch(/^# /m)
    expect(stdout).toContain('http://127.0.0.1:8080/docs')
    expect(stdout).toContain('The service of the demo is stopped')
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
