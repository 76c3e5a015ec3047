import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, toTheEnd } from '../harness/client.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { eventually } from '../harness/eventually.ts'
import { childrenOf } from '../harness/leftovers.ts'
import { needs } from '../harness/needs.ts'
import { startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { manifestsTemplate, requestFor } from '../harness/templates.ts'

describe('provisioning on a real API server with true kpt', needs('redis', 'control-plane', 'kwok', 'kpt'), () => {
  let plane: ControlPlane
  let redis: TestRedis
  let server: TestServer
  const requests = () => `${server.url}/o2ims/v1/provisioningRequests`
  const provision = async (
    id: string,
    template: string,
    parameters: Record<string, unknown>,
    options?: Record<string, unknown>,
  ) => {
    const posted = await call(requests(), 'POST', requestFor(id, template, parameters as never, options as never))
    expect(posted.status, JSON.stringify(posted.body)).toBe(201)
    return (await toTheEnd(server.url, id, 120_000)).body
  }

  beforeAll(async () => {
    plane = await startControlPlane({ parts: ALL_PARTS })
    await plane.addNode({ cpu: '4', memory: '8Gi', pods: '110' })
    redis = await startRedis()
    server = await startServer({ redisUrl: redis.url, env: { UNDO_TIMEOUT: '30' } })
    await register('edge', plane.kubeconfig)
    for (const template of [
      manifestsTemplate('manifests'),
      manifestsTemplate('unschedulable', { nodeSelector: { nowhere: 'true' }, silenceSeconds: 5 }),
      manifestsTemplate('waits', { nodeSelector: { nowhere: 'true' } }),
    ]) {
      expect((await call(`${server.url}/o2ims/v1/templates`, 'POST', template)).status).toBe(201)
    }
  })
  afterAll(async () => {
    await server?.dispose()
    await redis?.stop()
    await plane?.stop()
  })

  async function register(name: string, kubeconfig: string): Promise<string> {
    const { status, body } = await call(`${server.url}/o2ims/v1/ocloud`, 'POST', { name, kubeconfig })
    expect(status, JSON.stringify(body)).toBe(201)
    return body.oCloudId
  }

  const read = async (path: string) => (await plane.client.call('GET', path)).body
  const namespaced = async (namespace: string) => {
    const paths = ['api/v1', 'apis/apps/v1'].flatMap((group) =>
      (group === 'api/v1' ? ['configmaps', 'services', 'secrets', 'serviceaccounts'] : ['deployments']).map(
        (kind) => `/${group}/namespaces/${namespace}/${kind}`,
      ),
    )
    const lists = await Promise.all(paths.map(read))
    const items = lists.flatMap(
      (list) => (list as { items: { metadata: { name: string; resourceVersion: string } }[] }).items,
    )
    return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
  }

  it('places a package, changes nothing on retry but the ResourceGroup, and takes it away again', async () => {
    const body = await provision('package', 'kpt-workload', { oCloud: 'edge', namespace: 'ran-package' })
    expect(body.status, JSON.stringify(body.progress)).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect(body.progress.simulated).toBe(false)
    const deployments = (await read('/apis/apps/v1/namespaces/ran-package/deployments')) as {
      items: { metadata: { uid: string }; status: { availableReplicas: number } }[]
    }
    expect(deployments.items).toHaveLength(2)
    for (const { metadata, status } of deployments.items) {
      expect(status.availableReplicas).toBeGreaterThan(0)
      expect(body.provisionedResourceSet.infrastructureResourceIds).toContain(metadata.uid)
    }
    const before = await namespaced('ran-package')
    expect((await call(`${requests()}/package/retry`, 'POST')).status).toBe(202)
    const again = (await toTheEnd(server.url, 'package')).body
    expect(again).toMatchObject({ status: { provisioningPhase: 'FULFILLED' }, progress: { generation: 2 } })
    expect(await namespaced('ran-package')).toEqual(before)
    expect((await call(`${requests()}/package`, 'DELETE')).status).toBe(202)
    await toTheEnd(server.url, 'package', 90_000)
    expect((await call(`${requests()}/package`)).status).toBe(404)
    expect((await plane.client.call('GET', '/api/v1/namespaces/ran-package')).status).toBe(404)
  })

  it('writes nothing on a dry run: no write without dryRun=All', async () => {
    const since = Date.now()
    for (const [template, namespace] of [
      ['kpt-workload', 'dry-package'],
      ['manifests', 'dry-manifests'],
    ] as const) {
      const { status, body } = await call(
        `${requests()}?dryRun=true`,
        'POST',
        requestFor('dry', template, {
          oCloud: 'edge',
          namespace,
          ...(template === 'manifests' && { password: 'pass-word-1' }),
        }),
      )
      expect(status, JSON.stringify(body)).toBe(200)
      expect(
        body.steps
          .flatMap((step: { changes: { action: string }[] }) => step.changes)
          .some(({ action }: { action: string }) => action === 'create'),
      ).toBe(true)
    }
    expect(plane.audit.entries({ user: 'admin', since }).length).toBeGreaterThan(0)
    expect(plane.audit.writes({ user: 'admin', since })).toEqual([])
  })

  it('a second dry run after a change shows what the change would do', async () => {
    await provision('planned', 'manifests', { oCloud: 'edge', namespace: 'planned', password: 'pass-word-1' })
    const { body } = await call(
      `${requests()}/planned?dryRun=true`,
      'PUT',
      requestFor('planned', 'manifests', { oCloud: 'edge', namespace: 'planned-2', password: 'pass-word-1' }),
    )
    const actions = body.steps.flatMap(
      (step: { changes: { action: string; object: { kind: string; name: string } }[] }) =>
        step.changes.map(({ action, object }) => `${action} ${object.kind} ${object.name}`),
    )
    expect(actions).toContain('create Namespace planned-2')
    expect(actions).toContain('delete Namespace planned')
  })

  it('undoes what it had made when RBAC forbids the third object, and says which', async () => {
    const everything = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete']
    const user = await plane.user({
      rules: [
        {
          apiGroups: [''],
          resources: ['namespaces', 'configmaps', 'pods', 'nodes', 'events', 'services'],
          verbs: everything,
        },
        { apiGroups: ['apps'], resources: ['deployments'], verbs: everything },
        { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
      ],
    })
    await register('no-secrets', user.kubeconfig)
    const body = await provision('forbidden', 'manifests', {
      oCloud: 'no-secrets',
      namespace: 'forbidden',
      password: 'pass-word-1',
    })
    expect(body.status.provisioningPhase).toBe('FAILED')
    expect(body.progress.error).toMatchObject({ code: 'APPLY_FAILED', exitCode: 5, step: 'objects', left: [] })
    expect(body.progress.error.cause).toMatch(/secrets.*forbidden/)
    expect(body.progress.error.undone.map((object: { kind: string }) => object.kind).sort()).toEqual(
      expect.arrayContaining(['ConfigMap', 'Namespace']),
    )
    expect((await plane.client.call('GET', '/api/v1/namespaces/forbidden')).status).toBe(404)
  })

  it('says what could not be removed when RBAC forbids that too', async () => {
    const most = ['get', 'list', 'watch', 'create', 'patch', 'update']
    const user = await plane.user({
      rules: [
        { apiGroups: [''], resources: ['namespaces', 'configmaps', 'pods', 'nodes', 'events'], verbs: most },
        { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['apps'], resources: ['deployments'], verbs: most },
      ],
    })
    await register('no-delete', user.kubeconfig)
    const body = await provision('left', 'manifests', {
      oCloud: 'no-delete',
      namespace: 'left-behind',
      password: 'pass-word-1',
    })
    expect(body.progress.error).toMatchObject({ code: 'CLEANUP_FAILED', exitCode: 8, step: 'objects' })
    expect(body.progress.error.cause).toMatch(/forbidden/)
    expect(body.progress.error.left.map((object: { kind: string }) => object.kind)).toContain('ConfigMap')
    expect((await read('/api/v1/namespaces/left-behind/configmaps/du-config')) as object).toMatchObject({
      kind: 'ConfigMap',
    })
  })

  it('undoes what stands when kpt dies half-way, and says so', async () => {
    const since = Date.now()
    const posted = await call(
      requests(),
      'POST',
      requestFor('kpt-dies', 'kpt-workload', { oCloud: 'edge', namespace: 'kpt-dies' }),
    )
    const { provisioningRequestReference } = posted.body
    await eventually(() => {
      const [kpt] = childrenOf(provisioningRequestReference).filter(({ command }) => command.includes('kpt live apply'))
      const written = plane.audit.writes({ user: 'admin', since }).some(({ namespace }) => namespace === 'kpt-dies')
      expect(kpt !== undefined && written).toBe(true)
      if (kpt) process.kill(kpt.pid, 'SIGKILL')
    })
    const { body } = await toTheEnd(server.url, 'kpt-dies')
    expect(body.progress.error).toMatchObject({ code: 'APPLY_FAILED', exitCode: 5, step: 'workload', left: [] })
    expect(body.progress.error.cause).toMatch(/kpt.*(SIGKILL|killed|ended)/i)
    expect((await plane.client.call('GET', '/api/v1/namespaces/kpt-dies')).status).toBe(404)
  })

  it('fails with the reason when pods stay Pending for want of room, and undoes', async () => {
    const body = await provision(
      'pending',
      'unschedulable',
      { oCloud: 'edge', namespace: 'pending', password: 'pass-word-1' },
      { timeoutSeconds: 60 },
    )
    expect(body.status.provisioningPhase).toBe('FAILED')
    expect(body.progress.error).toMatchObject({ code: 'TIMEOUT', exitCode: 7, step: 'ready', left: [] })
    expect(body.progress.error.cause).toMatch(/nodes? .*(match|available)|[Uu]nschedulable/)
    expect((await plane.client.call('GET', '/api/v1/namespaces/pending')).status).toBe(404)
  })

  it('asks for capacity before it makes anything', async () => {
    const body = await provision('too-much', 'kpt-workload', {
      oCloud: 'edge',
      namespace: 'too-much',
      values: { duReplicas: 100_000 },
    })
    expect(body.progress.error).toMatchObject({ code: 'INSUFFICIENT_CAPACITY', exitCode: 1, step: 'check' })
    expect((await plane.client.call('GET', '/api/v1/namespaces/too-much')).status).toBe(404)
  })

  it('fails when the deadline passes in the middle of a wait, with everything undone', async () => {
    const body = await provision(
      'late',
      'unschedulable',
      { oCloud: 'edge', namespace: 'late', password: 'pass-word-1' },
      { timeoutSeconds: 3 },
    )
    expect(body.progress.error).toMatchObject({ code: 'TIMEOUT', step: 'ready', left: [] })
    expect((await plane.client.call('GET', '/api/v1/namespaces/late')).status).toBe(404)
  })

  it('does not take over what another request owns, and names the owner', async () => {
    const owner = await provision('owner', 'manifests', { oCloud: 'edge', namespace: 'owned', password: 'pass-word-1' })
    const body = await provision('thief', 'manifests', { oCloud: 'edge', namespace: 'owned', password: 'pass-word-1' })
    expect(body.progress.error).toMatchObject({ code: 'CONFLICT', exitCode: 5, step: 'objects' })
    expect(body.progress.error.cause).toContain(owner.provisioningRequestReference)
    expect((await read('/api/v1/namespaces/owned/configmaps/du-config')) as object).toMatchObject({ kind: 'ConfigMap' })
  })

  it('fails preflight on an O-Cloud that points nowhere', async () => {
    const nowhere = plane.kubeconfig.replace(plane.server, 'https://127.0.0.1:9')
    await register('nowhere', nowhere)
    const { body } = await call(`${server.url}/o2ims/v1/ocloud`)
    expect(body.find((oCloud: { name: string }) => oCloud.name === 'nowhere').status.reachable).toBe(false)
    const failed = await provision('nowhere', 'kpt-workload', { oCloud: 'nowhere', namespace: 'nowhere' })
    expect(failed.progress.error).toMatchObject({ code: 'PREFLIGHT_FAILED', exitCode: 1, step: 'check' })
  })

  it('a kubeconfig that expires in mid-flight fails the request with what to do; with a new one the rest is removed', async () => {
    const { kubeconfig, name } = await plane.user({ rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] })
    const oCloudId = await register('expires', kubeconfig)
    const parameters = { oCloud: 'expires', namespace: 'expires', password: 'pass-word-1' }
    const options = { timeoutSeconds: 60 }
    expect((await call(requests(), 'POST', requestFor('expires', 'waits', parameters, options))).status).toBe(201)
    const waiting = async () => (await call(`${requests()}/expires`)).body.progress.currentStep
    await eventually(async () => expect(await waiting()).toBe('ready'), 20_000)

    const account = name.slice(name.lastIndexOf(':') + 1)
    await plane.client.call('DELETE', `/api/v1/namespaces/kube-system/serviceaccounts/${account}`)
    // It forgets the tokens that it knows, and ends the watches.
    await plane.restart()
    const { error } = (await toTheEnd(server.url, 'expires', 60_000)).body.progress
    expect(error).toMatchObject({ code: 'CLEANUP_FAILED', step: 'ready', undone: [] })
    expect(error.cause).toMatch(/Unauthorized .*replace the O-Cloud with a new kubeconfig/)
    expect(error.left.map(({ kind }: { kind: string }) => kind)).toContain('Namespace')
    expect(error.left[0].reason).toMatch(/replace the O-Cloud with a new kubeconfig/)

    const renewed = { name: 'expires', kubeconfig: plane.kubeconfig }
    expect((await call(`${server.url}/o2ims/v1/ocloud/${oCloudId}`, 'PUT', renewed)).status).toBe(200)
    expect((await call(`${requests()}/expires`, 'DELETE')).status).toBe(202)
    expect((await toTheEnd(server.url, 'expires')).status).toBe(404)
    expect((await plane.client.call('GET', '/api/v1/namespaces/expires')).status).toBe(404)
  })
})
