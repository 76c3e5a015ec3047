import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SIMULATED } from '../../src/operators/profile.ts'
import { call, toTheEnd } from '../harness/client.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { needs } from '../harness/needs.ts'
import { type OperatorProcess, startOperatorProcess } from '../harness/operator-process.ts'
import { startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

/** Where the parts that the requests make stand. */
const DEPLOYMENT = '/apis/apps/v1/namespaces/focom-system/deployments/focom-operator-controller-manager'
const DEFINITION = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const REQUESTS = '/apis/focom.nephio.org/v1alpha1/namespaces/o2ims/focomprovisioningrequests'
const THEIRS = '/apis/o2ims.provisioning.oran.org/v1alpha1/provisioningrequests'

describe(
  'edge-5g on two real API servers, with true kpt and operators as processes',
  needs('redis', 'control-plane', 'kwok', 'kpt'),
  () => {
    let smo: ControlPlane
    let edge: ControlPlane
    let redis: TestRedis
    let server: TestServer
    const operators: OperatorProcess[] = []
    const requests = () => `${server.url}/o2ims/v1/provisioningRequests`

    beforeAll(async () => {
      const service = async () => {
        redis = await startRedis()
        server = await startServer({ redisUrl: redis.url, env: { UNDO_TIMEOUT: '60' } })
      }
      const planes = () => startControlPlane({ parts: ALL_PARTS })
      ;[smo, edge] = await Promise.all([planes(), planes(), service()])
      await Promise.all([smo, edge].map((plane) => plane.addNode({ cpu: '4', memory: '8Gi', pods: '110' })))
      // It stands before, and stays: a namespace takes five seconds to go.
      const metadata = { name: 'ran-one' }
      await edge.client.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata })
      for (const [name, { kubeconfig }] of [
        ['smo-real', smo],
        ['edge-real', edge],
      ] as const) {
        const { status, body } = await call(`${server.url}/o2ims/v1/ocloud`, 'POST', { name, kubeconfig })
        expect(status, JSON.stringify(body)).toBe(201)
        operators.push(await startOperatorProcess({ kubeconfig, profile: { ...SIMULATED, annotations: false } }))
      }
    })
    afterAll(async () => {
      await server?.dispose()
      await Promise.all(operators.map((one) => one.kill()))
      await redis?.stop()
      await Promise.all([smo?.stop(), edge?.stop()])
    })

    const parameters = (id: string) => ({
      smo: 'smo-real',
      edge: 'edge-real',
      namespace: `ran-${id}`,
      silenceSeconds: 30,
    })
    async function provision(id: string, template: string, given: Record<string, unknown>) {
      const posted = await call(requests(), 'POST', requestFor(id, template, given as never, { timeoutSeconds: 90 }))
      expect(posted.status, JSON.stringify(posted.body)).toBe(201)
      return (await toTheEnd(server.url, id, 100_000)).body
    }
    const remove = async (id: string) => {
      expect((await call(`${requests()}/${id}`, 'DELETE')).status).toBe(202)
      await toTheEnd(server.url, id, 60_000)
      return (await call(`${requests()}/${id}`)).status
    }
    const statusOf = async (plane: ControlPlane, path: string) => (await plane.client.call('GET', path)).status
    const itemsOf = async (plane: ControlPlane, path: string) => {
      const { body } = await plane.client.call('GET', path)
      return (body as { items: { metadata: { name: string; uid: string; resourceVersion: string } }[] }).items
    }

    it('F7: without the O-Cloud’s definition a request fails with its name', async () => {
      const body = await provision('bare', 'nephio-workload-cluster', { oCloud: 'edge-real', clusterName: 'bare' })
      expect(body.progress.error).toMatchObject({ code: 'APPLY_FAILED', step: 'ims' })
      expect(body.status.message).toContain(
        'CustomResourceDefinition provisioningrequests.o2ims.provisioning.oran.org is missing',
      )
    })

    it('F1, F5, F27: two requests are FULFILLED through FoCoM, which kpt installs once; the ids are uids; a second run changes nothing', async () => {
      for (const id of ['one', 'two']) {
        const body = await provision(id, 'edge-5g', parameters(id))
        expect(body.status.provisioningPhase, body.status.message).toBe('FULFILLED')
        expect(body.progress.simulated).toBe(false)
        const deployments = await itemsOf(edge, `/apis/apps/v1/namespaces/ran-${id}/deployments`)
        const uids = deployments.map(({ metadata }) => metadata.uid).toSorted()
        expect(body.provisionedResourceSet.infrastructureResourceIds.toSorted()).toEqual(uids)
      }
      const { body: focom } = await smo.client.call('GET', DEPLOYMENT)
      expect(JSON.stringify(focom)).toContain('docker.io/nephio/focom-operator:latest')
      const made = async () => [await itemsOf(smo, '/api/v1/namespaces/o2ims/secrets'), await itemsOf(edge, THEIRS)]
      const before = await made()
      expect(before.map((items) => items.length)).toEqual([2, 2])
      expect((await call(`${requests()}/two/retry`, 'POST')).status).toBe(202)
      expect((await toTheEnd(server.url, 'two')).body.status.provisioningPhase).toBe('FULFILLED')
      const uids = (lists: Awaited<ReturnType<typeof made>>) => lists.flat().map(({ metadata }) => metadata.uid)
      expect(uids(await made())).toEqual(uids(before))
    })

    it('F2, F18: the Secret holds the edge’s kubeconfig in its own namespace; no answer and no log line does', async () => {
      const { body } = await smo.client.call('GET', '/api/v1/namespaces/o2ims/secrets')
      const [secret] = (body as { items: { data: { kubeconfig: string } }[] }).items
      const kubeconfig = Buffer.from(secret?.data.kubeconfig ?? '', 'base64').toString()
      expect(kubeconfig).toContain(edge.server)
      const token = /token: (\S+)/.exec(edge.kubeconfig)?.[1] ?? /"token":"([^"]+)"/.exec(edge.kubeconfig)?.[1] ?? ''
      expect(token.length).toBeGreaterThan(8)
      expect(kubeconfig).toContain(token)
      const answers = await Promise.all(
        ['one', 'one/report', 'one/logs', 'two'].map(async (path) => (await call(`${requests()}/${path}`)).body),
      )
      for (const text of [JSON.stringify(answers), server.output()]) {
        expect(text).not.toContain(token)
        expect(text).not.toContain(secret?.data.kubeconfig)
      }
    })

    it('DELETE of one leaves the other and FoCoM, DELETE of the second takes FoCoM away and ends; a foreign OCloud object keeps the definitions', async () => {
      expect(await remove('one')).toBe(404)
      expect(await statusOf(smo, DEPLOYMENT)).toBe(200)
      expect(await itemsOf(smo, REQUESTS)).toHaveLength(1)
      expect(await itemsOf(edge, THEIRS)).toHaveLength(1)
      const oClouds = '/apis/focom.nephio.org/v1alpha1/namespaces/default/oclouds'
      const spec = { o2imsSecret: { secretRef: { name: 'x', namespace: 'default' } } }
      const foreign = { apiVersion: 'focom.nephio.org/v1alpha1', kind: 'OCloud', metadata: { name: 'somebodys' }, spec }
      expect((await smo.client.call('POST', oClouds, foreign)).status).toBe(201)

      expect(await remove('two')).toBe(404)
      expect(await statusOf(smo, DEPLOYMENT)).toBe(404)
      for (const kept of ['oclouds.focom.nephio.org', 'focomprovisioningrequests.focom.nephio.org'])
        expect(await statusOf(smo, `${DEFINITION}/${kept}`)).toBe(200)
      expect(await statusOf(smo, `${oClouds}/somebodys`)).toBe(200)
      for (const path of ['/api/v1/namespaces/o2ims', '/api/v1/namespaces/focom-system'])
        expect(await statusOf(smo, path)).toBe(404)
      for (const path of [
        '/api/v1/namespaces/ran-two',
        `${DEFINITION}/provisioningrequests.o2ims.provisioning.oran.org`,
      ])
        expect(await statusOf(edge, path)).toBe(404)
    })
  },
)
