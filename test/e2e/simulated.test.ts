import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, follow, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

describe('the service with everything embedded', needs('redis'), () => {
  let server: TestServer
  const requests = () => `${server.url}/o2ims/v1/provisioningRequests`

  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.dispose())

  it('brings a request from POST to FULFILLED and tells each step as it happens', async () => {
    const posted = await call(
      requests(),
      'POST',
      requestFor('first', 'kpt-workload', { oCloud: 'sim-edge-1', namespace: 'first' }),
    )
    expect(posted.status).toBe(201)
    expect(posted.headers.get('location')).toMatch(/\/o2ims\/v1\/provisioningRequests\/first$/)
    const events = await follow(`${requests()}/first/events`, AbortSignal.timeout(30_000))
    const steps = events.filter(({ event }) => event === 'step').map(({ data }) => `${data.step} ${data.state}`)
    for (const step of ['check', 'workload', 'ready', 'report']) expect(steps).toContain(`${step} SUCCEEDED`)
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { provisioningPhase: 'FULFILLED' } })
    const { body } = await call(`${requests()}/first`)
    expect(body.status.provisioningPhase).toBe('FULFILLED')
    expect(body.progress).toMatchObject({ percent: 100, simulated: true, generation: 1 })
    expect(body.provisionedResourceSet.infrastructureResourceIds.length).toBeGreaterThanOrEqual(2)
    const canonical = await call(`${server.url}/O2ims_infrastructureProvisioning/v1/provisioningRequests/first`)
    expect(Object.keys(canonical.body).sort()).toEqual([
      'provisionedResourceSet',
      'provisioningRequestData',
      'provisioningRequestReference',
      'status',
    ])
  })

  it('answers a blind retry with 200 and another body with 409', async () => {
    const body = requestFor('first', 'kpt-workload', { namespace: 'first', oCloud: 'sim-edge-1' })
    expect((await call(requests(), 'POST', body)).status).toBe(200)
    const other = await call(requests(), 'POST', { ...body, description: 'another' })
    expect(other).toMatchObject({ status: 409, body: { code: 'ALREADY_EXISTS' } })
    expect(
      (await call(`${server.url}/O2ims_infrastructureProvisioning/v1/provisioningRequests`, 'POST', body)).status,
    ).toBe(409)
  })

  it('makes a cluster, puts a package on it, and takes both away again', async () => {
    await call(
      requests(),
      'POST',
      requestFor('both', 'kind-workload', { clusterName: 'sim-a', driver: 'simulated', namespace: 'both' }),
    )
    const { body } = await toTheEnd(server.url, 'both')
    expect(body.status).toMatchObject({
      provisioningPhase: 'FULFILLED',
      nodeClusterProvisioningStatus: { resourceProvisioningPhase: 'PROVISIONED' },
    })
    const oCloudId = body.provisionedResourceSet.nodeClusterId
    expect((await call(`${server.url}/o2ims/v1/ocloud/${oCloudId}`)).body).toMatchObject({
      managed: true,
      simulated: true,
      status: { reachable: true },
    })
    const deleted = await call(`${requests()}/both`, 'DELETE')
    expect(deleted.status).toBe(202)
    await follow(`${requests()}/both/events`, AbortSignal.timeout(30_000))
    expect((await call(`${requests()}/both`)).status).toBe(404)
    expect((await call(`${server.url}/o2ims/v1/ocloud/${oCloudId}`)).status).toBe(404)
  })

  it('answers a dry run with the plan and makes nothing', async () => {
    const plan = await call(
      `${requests()}?dryRun=true`,
      'POST',
      requestFor('dry', 'kpt-workload', { oCloud: 'sim-edge-1', namespace: 'dry' }),
    )
    expect(plan.status).toBe(200)
    const changes = plan.body.steps.find((step: { name: string }) => step.name === 'workload').changes
    expect(changes).toContainEqual({
      action: 'create',
      object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'dry', name: 'du' },
    })
    expect((await call(`${requests()}/dry`)).status).toBe(404)
    const again = await call(
      `${requests()}?dryRun=true`,
      'POST',
      requestFor('dry', 'kpt-workload', { oCloud: 'sim-edge-1', namespace: 'dry' }),
    )
    expect(again.body).toEqual(plan.body)
  })

  it('moves a package by PUT as its dry run said: the new one is made, the old one goes, every step ends well', async () => {
    const body = (namespace: string) => requestFor('moved', 'kpt-workload', { oCloud: 'sim-edge-1', namespace })
    await call(requests(), 'POST', body('moved-from'))
    await toTheEnd(server.url, 'moved')
    const plan = await call(`${requests()}/moved?dryRun=true`, 'PUT', body('moved-to'))
    const changes = plan.body.steps.flatMap(
      (step: { changes: { action: string; object: { kind: string; name: string } }[] }) =>
        step.changes.map(({ action, object }) => `${action} ${object.kind} ${object.name}`),
    )
    expect(changes).toEqual(expect.arrayContaining(['create Namespace moved-to', 'delete Namespace moved-from']))
    expect(
      (await call(`${requests()}/moved?dryRun=true`, 'PUT', body('moved-to'), { 'if-match': '"9-9"' })).status,
    ).toBe(412)
    expect((await call(`${requests()}/moved`, 'PUT', body('moved-to'))).status).toBe(200)
    const { body: moved } = await toTheEnd(server.url, 'moved')
    expect(moved.status.provisioningPhase).toBe('FULFILLED')
    expect(moved.progress.steps.map((step: { state: string }) => step.state)).toEqual(
      expect.not.arrayContaining(['UNDOING', 'UNDONE', 'FAILED', 'PENDING']),
    )
    const again = await call(`${requests()}/moved?dryRun=true`, 'PUT', body('moved-to'))
    expect(JSON.stringify(again.body)).not.toMatch(/create|delete/)
  })

  it('acts out delays, failures and silence on simulated targets', async () => {
    const parameters = { oCloud: 'sim-edge-1' }
    await call(
      requests(),
      'POST',
      requestFor('fails', 'kpt-workload', { ...parameters, namespace: 'fails' }, { simulation: { failAt: 'ready' } }),
    )
    await call(
      requests(),
      'POST',
      requestFor(
        'silent',
        'kpt-workload',
        { ...parameters, namespace: 'silent' },
        { timeoutSeconds: 2, simulation: { silentAt: 'workload' } },
      ),
    )
    const fails = await toTheEnd(server.url, 'fails')
    expect(fails.body.progress.error).toMatchObject({ code: 'SIMULATED_FAILURE', exitCode: 6, step: 'ready', left: [] })
    expect(fails.body.progress.error.undone.length).toBeGreaterThan(0)
    const silent = await toTheEnd(server.url, 'silent')
    expect(silent.body.progress.error).toMatchObject({ code: 'TIMEOUT', exitCode: 7, step: 'workload' })
  })

  it('cancels a running request and undoes it', async () => {
    const body = requestFor(
      'cancelled',
      'kpt-workload',
      { oCloud: 'sim-edge-1', namespace: 'cancelled' },
      { simulation: { stepDelayMs: 30_000 } },
    )
    await call(requests(), 'POST', body)
    const cancel = await call(`${requests()}/cancelled/cancel`, 'POST')
    expect(cancel.status).toBe(202)
    const { body: ended } = await toTheEnd(server.url, 'cancelled')
    expect(ended.progress.error.code).toBe('CANCELLED')
    expect((await call(`${requests()}/cancelled/cancel`, 'POST')).status).toBe(409)
  })

  it('stops within 5 s with requests in flight, which go on after the next start', async () => {
    const ids = ['flight-1', 'flight-2', 'flight-3']
    for (const id of ids) {
      await call(
        requests(),
        'POST',
        requestFor(id, 'kpt-workload', { oCloud: 'sim-edge-2', namespace: id }, { simulation: { stepDelayMs: 1_000 } }),
      )
    }
    const { code, ms } = await server.stop()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(5_000)
    await server.start()
    for (const id of ids) expect((await toTheEnd(server.url, id)).body.status.provisioningPhase).toBe('FULFILLED')
  })

  it('goes on after kill -9 of the service, whose Redis the next start takes over', async () => {
    await call(
      requests(),
      'POST',
      requestFor(
        'killed',
        'kpt-workload',
        { oCloud: 'sim-edge-2', namespace: 'killed' },
        { simulation: { stepDelayMs: 1_000 } },
      ),
    )
    for (let death = 0; death < 2; death++) {
      await server.kill()
      await server.start()
    }
    expect((await toTheEnd(server.url, 'killed')).body.status.provisioningPhase).toBe('FULFILLED')
  })

  it('refuses a second service on the same data folder, and a port that is taken, with one sentence', () => {
    const start = (env: Record<string, string>) =>
      spawnSync(process.execPath, [MAIN], { env: { ...process.env, ...env }, timeout: 15_000, encoding: 'utf8' })
    const second = start({ DATA_DIR: server.dataDir, PORT: '0' })
    expect(second.status).toBe(1)
    expect(second.stderr).toMatch(/another|already|in use/i)
    const port = start({ DATA_DIR: `${server.dataDir}/other`, PORT: new URL(server.url).port })
    expect(port.status).toBe(1)
    expect(port.stderr).toMatch(/port/i)
  })

  it('prints one line for each bad setting and does not start', () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN], {
      env: { ...process.env, PORT: 'high', LOG_LEVEL: 'loud', DATA_DIR: server.dataDir },
      timeout: 15_000,
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    const lines = stderr.trim().split('\n')
    expect(lines.filter((line) => line.includes('PORT'))).toHaveLength(1)
    expect(lines.filter((line) => line.includes('LOG_LEVEL'))).toHaveLength(1)
  })
})
