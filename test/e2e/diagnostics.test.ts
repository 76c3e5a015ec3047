import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, toTheEnd } from '../harness/client.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'
import { type Shape, workloadTemplate } from '../harness/troubled.ts'

const CLUSTER = 'o2ims-e2e-diagnose'
const NODE = `${CLUSTER}-control-plane`

function tool(name: string, ...args: string[]): string {
  return execFileSync(name, args, { encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

const removeCluster = () => tool('kind', 'delete', 'cluster', '--name', CLUSTER, '--kubeconfig', '/dev/null')

describe('diagnostics on a true cluster', needs('redis', 'kind'), () => {
  let server: TestServer
  let coredns: string

  beforeAll(async () => {
    removeCluster()
    const image = process.env.KIND_NODE_IMAGE ? ['--image', process.env.KIND_NODE_IMAGE] : []
    tool('kind', 'create', 'cluster', '--name', CLUSTER, ...image, '--kubeconfig', '/dev/null', '--wait', '2m')
    const where = ['--kubeconfig', '/etc/kubernetes/admin.conf', '-n', 'kube-system']
    const path = '-o=jsonpath={.spec.template.spec.containers[0].image}'
    coredns = tool('docker', 'exec', NODE, 'kubectl', ...where, 'get', 'deployment', 'coredns', path)
    server = await startServer({ env: { OCLOUD_STATUS_CACHE_SECONDS: '0' } })
    const kubeconfig = tool('kind', 'get', 'kubeconfig', '--name', CLUSTER)
    const registered = await call(`${server.url}/o2ims/v1/ocloud`, 'POST', { name: 'true-edge', kubeconfig })
    expect(registered.status).toBe(201)
  }, 180_000)
  afterAll(async () => {
    await server?.dispose()
    removeCluster()
  })

  async function failed(name: string, shape: Shape, timeoutSeconds: number) {
    await call(`${server.url}/o2ims/v1/templates`, 'POST', workloadTemplate(name, { silenceSeconds: 60, ...shape }))
    const front = `${server.url}/o2ims/v1/provisioningRequests`
    const posted = await call(front, 'POST', requestFor(name, name, { oCloud: 'true-edge' }, { timeoutSeconds }))
    expect(posted.status).toBe(201)
    const { body: request } = await toTheEnd(server.url, name)
    expect(request.status.provisioningPhase).toBe('FAILED')
    const { body } = await call(`${front}/${name}/diagnostics`)
    return { body, request, cause: String(body.collected.causes[0]) }
  }

  it('name the true cause of five failures', async () => {
    const ocloud = {
      apiVersion: 'focom.nephio.org/v1alpha1',
      kind: 'OCloud',
      metadata: { name: 'edge', namespace: 'no-crd' },
    }
    const args = ['-conf', '/no/such/file', '-no-such-flag']
    const [image, capacity, crash, hook, crd] = await Promise.all([
      failed('no-image', { image: 'o2ims.invalid/du:1.1' }, 15),
      failed('too-big', { image: coredns, cpu: '1000' }, 15),
      failed('crashes', { image: coredns, args }, 15),
      failed('hook', { kind: 'Job', image: coredns, args }, 40),
      failed('no-crd', { more: [ocloud] }, 15),
    ])
    expect(image.cause).toMatch(
      /^image o2ims\.invalid\/du:1\.1 cannot be pulled for pod no-image\/no-image-.* on true-edge: /,
    )
    expect(capacity.cause).toMatch(
      /^no node takes pod too-big\/.* on true-edge, there is no capacity.*Insufficient cpu/,
    )
    expect(crash.cause).toMatch(/^container main of pod crashes\/.* ended with exit code \d+.*its last words: "/)
    expect(crash.body.collected.targets[0].pods[0].log).toContain('no-such-flag')
    expect(hook.cause).toMatch(/^Job hook\/hook on true-edge failed: .*its last words: "/)
    expect(crd.cause).toMatch(/does not know OCloud of focom\.nephio\.org\/v1alpha1/)
    expect(image.request.progress.error.cause).toMatch(/cannot be pulled|ImagePull/)
    expect(capacity.body.collected.targets[0]).toMatchObject({
      endpoint: expect.stringMatching(/^https:\/\/127\.0\.0\.1:/),
      nodes: [{ name: NODE, ready: true }],
      notCollected: [],
    })
    const reasons = capacity.body.collected.targets[0].events.map(({ reason }: { reason: string }) => reason)
    expect(reasons).toContain('FailedScheduling')
  }, 120_000)

  it('name an edge that went away', async () => {
    tool('docker', 'pause', NODE)
    try {
      const { cause, request } = await failed('away', {}, 5)
      expect(cause).toMatch(/^O-Cloud true-edge cannot be reached: /)
      expect(request.progress.error).toMatchObject({
        code: 'TIMEOUT',
        cause: expect.stringContaining('cannot be reached'),
      })
    } finally {
      tool('docker', 'unpause', NODE)
    }
  }, 120_000)
})
