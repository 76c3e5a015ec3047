import type { ServerResponse } from 'node:http'
import { createAuthority } from '../harness/certificates.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'

export interface SmallCluster {
  /** With a token in it. */
  kubeconfig: string
  /** Where its API server listens. */
  url: string
  close(): Promise<void>
}

export const TOKEN = 'not-to-be-told'

const node = {
  metadata: { name: 'keeps-some', uid: '6c1f4c5e-0b7a-4d52-8f6e-9a430d3f5c1f', resourceVersion: '1', labels: {} },
  status: {
    capacity: { cpu: '8', memory: '16Gi', pods: '100' },
    allocatable: { cpu: '6500m', memory: '15Gi', pods: '100' },
    conditions: [{ type: 'Ready', status: 'True' }],
    nodeInfo: { architecture: 'arm64', operatingSystem: 'linux' },
  },
}
const pod = {
  metadata: { name: 'du', namespace: 'ran', uid: '0d3f5c1f-9a43-4f6e-8d52-0b7a6c1e6d52', resourceVersion: '1' },
  spec: { nodeName: 'keeps-some', containers: [{ name: 'du', resources: { requests: { cpu: '2', memory: '1Gi' } } }] },
  status: { phase: 'Running' },
}

/** As much of a Kubernetes API server as Inventory reads: one node of which the system keeps some for itself, and one pod on it. */
export async function startSmallCluster(): Promise<SmallCluster> {
  const verbs = ['get', 'list', 'watch']
  const resources = [
    { name: 'nodes', kind: 'Node', namespaced: false, verbs },
    { name: 'pods', kind: 'Pod', namespaced: true, verbs },
  ]
  const list = (kind: string, items: object[]) => ({
    kind,
    apiVersion: 'v1',
    metadata: { resourceVersion: '1' },
    items,
  })
  const answers: Record<string, object> = {
    '/version': { major: '1', minor: '33', gitVersion: 'v1.33.0' },
    '/api/v1': { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'v1', resources },
    '/api/v1/nodes': list('NodeList', [node]),
    '/api/v1/pods': list('PodList', [pod]),
  }
  const authority = createAuthority()
  const answer = (response: ServerResponse, index: number) => {
    const { pathname, searchParams } = new URL(peer.requests[index]?.path ?? '', peer.url)
    const body = answers[pathname]
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
    // A watch that tells nothing
    if (searchParams.has('watch')) response.flushHeaders()
    else response.end(JSON.stringify(body ?? {}))
  }
  const peer: HttpPeer = await startPeer(answer, { tls: authority.issue('small', 'IP:127.0.0.1') })
  authority.dispose()
  const kubeconfig = `apiVersion: v1
kind: Config
current-context: small
contexts: [{ name: small, context: { cluster: small, user: small } }]
clusters: [{ name: small, cluster: { server: "${peer.url}", certificate-authority-data: ${btoa(authority.ca)} } }]
users: [{ name: small, user: { token: ${TOKEN} } }]
`
  return { kubeconfig, url: peer.url, close: peer.close }
}
