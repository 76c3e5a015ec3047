import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { call, follow } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

describe('the service with DELETE_CLUSTER_ON_FAILURE=false', needs('redis'), () => {
  let server: TestServer
  const requests = () => `${server.url}/o2ims/v1/provisioningRequests`

  beforeAll(async () => {
    server = await startServer({ env: { DELETE_CLUSTER_ON_FAILURE: 'false' } })
  })
  afterAll(() => server?.dispose())

  /** A request that makes a cluster and a namespace on it, and fails after that. */
  async function failed(id: string, options: JsonObject = {}) {
    const parameters = { clusterName: id, driver: 'simulated', namespace: 'ran' }
    const body = requestFor(id, 'kind-workload', parameters, { ...options, simulation: { failAt: 'report' } })
    expect((await call(requests(), 'POST', body)).status).toBe(201)
    await follow(`${requests()}/${id}/events`, AbortSignal.timeout(30_000))
    expect((await call(requests(), 'POST', body)).status).toBe(200)
    return (await call(`${requests()}/${id}`)).body
  }
  const namesOf = (objects: { kind: string; name: string }[]) => objects.map(({ kind, name }) => `${kind}/${name}`)

  it('F23: keeps the cluster of a failed request, says so in its options and under left, and removes the rest', async () => {
    const { options, progress, status } = await failed('kept')
    expect(status.provisioningPhase).toBe('FAILED')
    expect(options.deleteClusterOnFailure).toBe(false)
    expect(namesOf(progress.error.left)).toEqual(['Cluster/kept'])
    expect(namesOf(progress.error.undone)).toContain('Namespace/ran')
    expect(progress.error.code).toBe('SIMULATED_FAILURE')
    const oClouds = await call(`${server.url}/o2ims/v1/ocloud`)
    expect(JSON.stringify(oClouds.body)).toContain('"kept"')

    expect((await call(`${requests()}/kept`, 'DELETE')).status).toBe(202)
    await follow(`${requests()}/kept/events`, AbortSignal.timeout(30_000))
    expect(JSON.stringify((await call(`${server.url}/o2ims/v1/ocloud`)).body)).not.toContain('"kept"')
  })

  it('F23: removes it when the request itself says so', async () => {
    const { progress } = await failed('gone', { deleteClusterOnFailure: true })
    expect(progress.error.left).toEqual([])
    expect(namesOf(progress.error.undone)).toContain('Cluster/gone')
  })

  it('leaves the options of a request alone that makes no cluster', async () => {
    await call(requests(), 'POST', requestFor('none', 'kpt-workload', { oCloud: 'sim-edge-1', namespace: 'none' }))
    expect((await call(`${requests()}/none`)).body.options).toBeUndefined()
  })
})
