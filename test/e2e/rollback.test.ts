import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, follow, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'

describe('a rollback on a service as a user starts it', needs('redis'), () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.dispose())

  it('goes on when the service is killed in the middle of it and started again: what was FULFILLED stands, and the request says so', async () => {
    const url = `${server.url}/o2ims/v1/provisioningRequests`
    const body = (values: object, options: object) => ({
      provisioningRequestId: 'o2ims-e2e-rollback',
      name: 'rollback',
      description: '',
      templateName: 'kpt-workload',
      templateVersion: '1.0.0',
      templateParameters: { oCloud: 'sim-edge-1', namespace: 'o2ims-e2e-rollback', values },
      options: { rollbackOnFailure: true, ...options },
    })
    // Each of its steps takes half a second, in the rollback too.
    await call(url, 'POST', body({ duReplicas: 2 }, { simulation: { stepDelayMs: 500 } }))
    const first = await toTheEnd(server.url, 'o2ims-e2e-rollback')
    expect(first.body.status.provisioningPhase, first.body.status.message).toBe('FULFILLED')
    await call(`${url}/o2ims-e2e-rollback`, 'PUT', body({ duReplicas: 3 }, { simulation: { failAt: 'ready' } }))
    let rollingBack = false
    let kills = 0
    await follow(`${url}/o2ims-e2e-rollback/events`, AbortSignal.timeout(90_000), ({ event, data }) => {
      rollingBack ||= event === 'phase' && data.message.includes('rolling back to generation 1')
      if (!rollingBack || kills > 0 || data.step !== 'workload' || data.state !== 'RUNNING') return
      kills++
      void server.kill().then(() => server.start())
    })
    const { body: ended } = await toTheEnd(server.url, 'o2ims-e2e-rollback')
    expect(kills).toBe(1)
    expect(ended.progress.error).toMatchObject({ code: 'SIMULATED_FAILURE', step: 'ready', rolledBackTo: 1, left: [] })
    const same = await call(`${url}/o2ims-e2e-rollback?dryRun=true`, 'PUT', body({ duReplicas: 2 }, {}))
    const actions = same.body.steps.flatMap(({ changes }: { changes: { action: string }[] }) =>
      changes.map(({ action }) => action),
    )
    expect([actions.length > 2, new Set(actions)]).toEqual([true, new Set(['none'])])
  })

  it('goes back to the cluster that was made before; one that shall be kept stays, is listed, and goes with the request', async () => {
    const url = `${server.url}/o2ims/v1/provisioningRequests`
    const body = (clusterName: string, options: object = {}) => ({
      provisioningRequestId: 'o2ims-e2e-clusters',
      name: 'clusters',
      description: '',
      templateName: 'kind-workload',
      templateVersion: '1.0.0',
      templateParameters: { clusterName, driver: 'simulated', namespace: 'ran' },
      options: { rollbackOnFailure: true, deleteClusterOnFailure: false, ...options },
    })
    const clusters = async () => {
      const { body: oClouds } = await call(`${server.url}/o2ims/v1/ocloud`)
      return oClouds.map(({ name }: { name: string }) => name).filter((name: string) => name.startsWith('o2ims-e2e-'))
    }
    await call(url, 'POST', body('o2ims-e2e-old'))
    const first = (await toTheEnd(server.url, 'o2ims-e2e-clusters')).body
    expect(first.status.provisioningPhase, first.status.message).toBe('FULFILLED')
    await call(`${url}/o2ims-e2e-clusters`, 'PUT', body('o2ims-e2e-new', { simulation: { failAt: 'ready' } }))
    const { body: ended } = await toTheEnd(server.url, 'o2ims-e2e-clusters')
    expect(ended.progress.error).toMatchObject({ code: 'SIMULATED_FAILURE', step: 'ready', rolledBackTo: 1 })
    expect(ended.progress.error.left).toMatchObject([{ name: 'o2ims-e2e-new', reason: 'cleaning up is off' }])
    expect((await clusters()).sort()).toEqual(['o2ims-e2e-new', 'o2ims-e2e-old'])
    expect(ended.provisionedResourceSet).toEqual(first.provisionedResourceSet)
    await call(`${url}/o2ims-e2e-clusters`, 'DELETE')
    await toTheEnd(server.url, 'o2ims-e2e-clusters')
    expect(await clusters()).toEqual([])
  })
})
