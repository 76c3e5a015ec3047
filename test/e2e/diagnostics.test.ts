import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { requestFor } from '../harness/templates.ts'
import { type Shape, workloadTemplate } from '../harness/troubled.ts'

const CLUSTER = 'o2ims-e2e-diagnose'
const NODE = `${CLUSTER}-control-plane`

function tool(name: string, ...args: string[]): string {
  return execFileSync(name, args, { encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

const CONFIG = ['--kubeconfig', '/etc/kubernetes/admin.conf']

function kubectl(args: string[], input?: string): string {
  const options = { encoding: 'utf8', timeout: 60_000, input } as const
  return execFileSync('docker', ['exec', '-i', NODE, 'kubectl', ...CONFIG, ...args], options)
}

const removeCluster = () => tool('kind', 'delete', 'cluster', '--name', CLUSTER, '--kubeconfig', '/dev/null')

describe('diagnostics on a true cluster', needs('redis', 'kind'), () => {
  let server: TestServer
  let coredns: string

  beforeAll(async () => {
    removeCluster()
    const image = process.env.KIND_NODE_IMAGE ? ['--image', process.env.KIND_NODE_IMAGE] : []
    tool('kind', 'create', 'cluster', '--name', CLUSTER, ...image, '--kubeconfig', '/dev/null', '--wait', '2m')
    const path = '-o=jsonpath={.spec.template.spec.containers[0].image}'
    coredns = kubectl(['get', 'deployment', 'coredns', '-n', 'kube-system', path])
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

  it('tell a node that lacks a label from one that lacks room, and say why a container could not start', async () => {
    const [unlabelled, unstarted] = await Promise.all([
      failed('no-label', { image: coredns, nodeSelector: { ran: 'only' } }, 15),
      failed('no-start', { kind: 'Job', image: coredns, command: ['/nope'] }, 40),
    ])
    expect(unlabelled.cause).toMatch(
      /^no node takes pod no-label\/.*, none has the labels that it asks for: .*nodeSelector/,
    )
    expect(unstarted.cause).toMatch(
      /^Job no-start\/no-start on true-edge failed: .*its pod ended with exit code 128: .*\/nope/,
    )
    expect(unstarted.request.progress.error.cause).toContain('/nope')
  }, 120_000)

  it('do not take what happened to somebody else in the namespace for the cause', async () => {
    const name = 'shared'
    const labels = { app: 'other-team' }
    const containers = [{ name: 'main', image: coredns }]
    const theirs = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'other-team', namespace: name },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { serviceAccountName: 'nobody-here', containers } },
        },
      },
    ]
    for (const object of theirs) kubectl(['apply', '-f', '-'], JSON.stringify(object))
    await eventually(async () => expect(kubectl(['get', 'events', '-n', name])).toContain('nobody-here'), 20_000)
    kubectl(['delete', 'deployment', 'other-team', '-n', name])
    const { cause, body } = await failed(name, { image: coredns, args: ['-no-such-flag'] }, 15)
    expect(cause).toMatch(/^container main of pod shared\/.* ended with exit code/)
    expect(JSON.stringify(body.collected.causes)).not.toContain('nobody-here')
    expect(JSON.stringify(body.collected.targets[0].events)).toContain('nobody-here')
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
