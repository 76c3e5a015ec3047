import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, follow, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { childrenOf } from '../harness/leftovers.ts'
import { needs } from '../harness/needs.ts'
import { startRedis, type TestRedis } from '../harness/redis.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'

const PREFIX = 'o2ims-e2e-kind-'

function tool(name: string, ...args: string[]): string {
  return execFileSync(name, args, { encoding: 'utf8', timeout: 120_000 }).trim()
}

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [] : [entry.name],
  )
const clusters = () => tool('kind', 'get', 'clusters').split('\n')
const containers = () => tool('docker', 'ps', '--all', '--format', '{{.Names}}').split('\n')

function removeLeftovers(): void {
  for (const name of clusters().filter((cluster) => cluster.startsWith(PREFIX))) {
    tool('kind', 'delete', 'cluster', '--name', name, '--kubeconfig', '/dev/null')
  }
}

describe('a real kind cluster with a real package', needs('redis', 'kind', 'kpt', 'kubectl'), () => {
  let redis: TestRedis
  let server: TestServer
  let folder: string
  const requests = () => `${server.url}/o2ims/v1/provisioningRequests`
  const follows = (id: string) => follow(`${requests()}/${id}/events`, AbortSignal.timeout(170_000))

  beforeAll(async () => {
    removeLeftovers()
    folder = mkdtempSync(join(tmpdir(), 'o2ims-e2e-'))
    redis = await startRedis()
    server = await startServer({ redisUrl: redis.url, env: { TAKEOVER_SECONDS: '2' } })
  })
  afterAll(async () => {
    await server?.dispose()
    await redis?.stop()
    rmSync(folder, { recursive: true, force: true })
    removeLeftovers()
  })

  it('kind-workload: FULFILLED, reachable with its kubeconfig, unchanged by retry, gone without a trace after DELETE', async () => {
    const clusterName = `${PREFIX}a`
    const filesBefore = filesOf(server.dataDir)
    const dry = await call(
      `${requests()}?dryRun=true`,
      'POST',
      requestFor('kind-a', 'kind-workload', { clusterName, namespace: 'ran' }),
    )
    expect(dry.status, JSON.stringify(dry.body)).toBe(200)
    expect(clusters()).not.toContain(clusterName)

    const began = performance.now()
    expect(
      (await call(requests(), 'POST', requestFor('kind-a', 'kind-workload', { clusterName, namespace: 'ran' }))).status,
    ).toBe(201)
    await follows('kind-a')
    process.stdout.write(`kind-workload through the API: ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
    const { body } = await call(`${requests()}/kind-a`)
    expect(body.status.provisioningPhase, JSON.stringify(body.progress.error)).toBe('FULFILLED')

    const { nodeClusterId } = body.provisionedResourceSet
    const kubeconfig = await call(`${server.url}/o2ims/v1/ocloud/${nodeClusterId}/kubeconfig`)
    expect(kubeconfig.status).toBe(200)
    const file = join(folder, 'kubeconfig')
    writeFileSync(file, kubeconfig.body, { mode: 0o600 })
    const kubectl = (...args: string[]) => tool('kubectl', '--kubeconfig', file, ...args)
    expect(
      kubectl(
        'get',
        'deployments',
        '-n',
        'ran',
        '-o',
        'jsonpath={range .items[*]}{.metadata.name}={.status.availableReplicas} {end}',
      ),
    ).toMatch(/cu=\d+ du=\d+/)
    expect(kubectl('get', 'pods', '-n', 'ran', '--no-headers')).not.toMatch(/Pending|Error|ContainerCreating/)

    const versions = () =>
      kubectl(
        'get',
        'deployments,configmaps,services,namespaces',
        '-n',
        'ran',
        '-o',
        'jsonpath={range .items[*]}{.kind}/{.metadata.name}={.metadata.resourceVersion} {end}',
      )
    const before = versions()
    expect((await call(`${requests()}/kind-a/retry`, 'POST')).status).toBe(202)
    const again = await toTheEnd(server.url, 'kind-a', 120_000)
    expect(again.body.status.provisioningPhase, JSON.stringify(again.body.progress.error)).toBe('FULFILLED')
    expect(again.body.provisionedResourceSet).toEqual({ nodeClusterId })
    expect(versions()).toBe(before)

    expect((await call(`${requests()}/kind-a`, 'DELETE')).status).toBe(202)
    await follows('kind-a')
    expect((await call(`${requests()}/kind-a`)).status).toBe(404)
    expect((await call(`${server.url}/o2ims/v1/ocloud/${nodeClusterId}`)).status).toBe(404)
    expect(containers().filter((name) => name.startsWith(clusterName))).toEqual([])
    expect(filesOf(server.dataDir)).toEqual(filesBefore)
    expect(childrenOf(body.provisioningRequestReference)).toEqual([])
  })

  it('kill -9 in the middle of kind, twice: FULFILLED, one cluster, no orphan', async () => {
    const clusterName = `${PREFIX}b`
    await call(requests(), 'POST', requestFor('kind-b', 'kind-cluster', { clusterName }))
    for (const delay of [2_500, 9_000]) {
      await sleep(delay)
      await server.kill()
      await server.start()
    }
    await follows('kind-b')
    const { body } = await call(`${requests()}/kind-b`)
    expect(body.status.provisioningPhase, JSON.stringify(body.progress.error)).toBe('FULFILLED')
    expect(containers().filter((name) => name.startsWith(clusterName))).toEqual([`${clusterName}-control-plane`])
    expect(childrenOf(body.provisioningRequestReference)).toEqual([])
    await call(`${requests()}/kind-b`, 'DELETE')
    await follows('kind-b')
    expect(containers().filter((name) => name.startsWith(clusterName))).toEqual([])
  })

  it('a kind that dies half-way: FAILED with KIND_FAILED, and no container is left', async () => {
    const clusterName = `${PREFIX}e`
    const posted = await call(requests(), 'POST', requestFor('kind-e', 'kind-cluster', { clusterName }))
    await eventually(() => {
      expect(containers()).toContain(`${clusterName}-control-plane`)
      const children = childrenOf(posted.body.provisioningRequestReference)
      const kind = children.find(({ command }) => command.includes('kind create cluster'))
      expect(kind).toBeDefined()
      if (kind) process.kill(kind.pid, 'SIGKILL')
    })
    await follows('kind-e')
    const { body } = await call(`${requests()}/kind-e`)
    expect(body.progress.error).toMatchObject({ code: 'KIND_FAILED', exitCode: 2, step: 'cluster', left: [] })
    expect(containers().filter((name) => name.startsWith(clusterName))).toEqual([])
  })

  it('a kind that fails half-way: FAILED with KIND_FAILED, and no container is left', async () => {
    const clusterName = `${PREFIX}c`
    // The subnet is fine for the schema, and kubeadm refuses it when the node is up already.
    await call(
      requests(),
      'POST',
      requestFor('kind-c', 'kind-cluster', { clusterName, podSubnet: '10.0.0.0/16', serviceSubnet: '10.96.0.0/30' }),
    )
    await follows('kind-c')
    const { body } = await call(`${requests()}/kind-c`)
    expect(body.progress.error).toMatchObject({ code: 'KIND_FAILED', exitCode: 2, step: 'cluster', left: [] })
    expect(containers().filter((name) => name.startsWith(clusterName))).toEqual([])
  })

  it('a cluster that is not ours is never touched', async () => {
    const clusterName = `${PREFIX}d`
    tool(
      'docker',
      'run',
      '--detach',
      '--name',
      `${clusterName}-control-plane`,
      '--label',
      `io.x-k8s.kind.cluster=${clusterName}`,
      '--label',
      'io.x-k8s.kind.role=control-plane',
      '--entrypoint',
      'sleep',
      process.env.KIND_NODE_IMAGE ?? '',
      '600',
    )
    try {
      await call(requests(), 'POST', requestFor('kind-d', 'kind-cluster', { clusterName }))
      await follows('kind-d')
      const { body } = await call(`${requests()}/kind-d`)
      expect(body.progress.error).toMatchObject({ code: 'CONFLICT', exitCode: 5, step: 'cluster', left: [] })
      expect(containers()).toContain(`${clusterName}-control-plane`)
    } finally {
      tool('docker', 'rm', '--force', `${clusterName}-control-plane`)
    }
  })
})
