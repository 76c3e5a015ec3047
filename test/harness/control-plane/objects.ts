import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerClient } from './server-client.ts'

export interface PolicyRule {
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
  verbs: string[]
}

export interface NodeShape {
  name?: string
  cpu?: string
  memory?: string
  pods?: string
}

/** A service account bound to a role of its own; answers its token. */
export async function makeUser(client: ServerClient, name: string, rules: PolicyRule[]): Promise<string> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const accounts = '/api/v1/namespaces/kube-system/serviceaccounts'
  await made(client.call('POST', accounts, { metadata: { name } }))
  await made(client.call('POST', `${rbac}/clusterroles`, { metadata: { name }, rules }))
  await made(
    client.call('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name }],
    }),
  )
  const answer = await made(client.call('POST', `${accounts}/${name}/token`, { spec: { expirationSeconds: 7200 } }))
  const { status } = answer.body
  if (typeof status === 'object' && status !== null && 'token' in status) return String(status.token)
  throw new Error('the API server made no token')
}

/** Makes a Node object and waits until kwok and the controller manager have made it usable. */
export async function addNode(client: ServerClient, node: NodeShape = {}): Promise<string> {
  const { name = `node-${randomBytes(4).toString('hex')}`, cpu = '16', memory = '64Gi', pods = '110' } = node
  const resources = { cpu, memory, pods }
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' }
  const nodeInfo = {
    architecture: 'amd64',
    operatingSystem: 'linux',
    kubeletVersion: 'v1.33.13',
    kubeProxyVersion: 'v1.33.13',
    containerRuntimeVersion: 'containerd://2.0',
    osImage: 'kwok',
    kernelVersion: 'kwok',
    bootID: '',
    machineID: '',
    systemUUID: '',
  }
  await made(
    client.call('POST', '/api/v1/nodes', {
      metadata: { name, labels },
      status: { capacity: resources, allocatable: resources, nodeInfo },
    }),
  )
  for (let tries = 0; tries < 300; tries += 1) {
    const { body } = await client.call('GET', `/api/v1/nodes/${name}`)
    const text = JSON.stringify(body)
    if (text.includes('"type":"Ready"') && text.includes('KubeletReady') && !text.includes('not-ready')) return name
    await sleep(100)
  }
  throw new Error(`node ${name} did not become Ready within 30 s: are kwok and the controller manager running?`)
}

async function made(call: ReturnType<ServerClient['call']>): ReturnType<ServerClient['call']> {
  const answer = await call
  if (answer.status >= 300) throw new Error(`the API server answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer
}
