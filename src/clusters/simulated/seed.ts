import type { Cluster, KubernetesObject } from '../cluster.ts'
import { HARDWARE_ANNOTATION, type HardwareInput } from '../node-hardware.ts'
import { nodesOf, type SpecNode } from '../spec-nodes.ts'
import { SIMULATED_VERSION } from './cluster.ts'
import { writeStatus } from './controllers/write-status.ts'
import { hardwareOfNode } from './hardware.ts'

/** What a simulated node offers. */
export interface NodeSize {
  cpu: string
  memory: string
  pods: string
}

export interface SeedOptions {
  /** Default: three, the first of them a control plane. */
  nodes?: SpecNode[]
  size?: NodeSize
}

/** More pods than a kubelet takes by default: a demo may place a thousand small workloads on three nodes. */
export const NODE_SIZE: NodeSize = { cpu: '16', memory: '64Gi', pods: '1000' }
/** In two zones, which Inventory shows as two resource pools. */
const NODES = nodesOf({ name: 'node', controlPlanes: 1, workers: 2 }).map((node, index) => ({
  ...node,
  name: `node-${index}`,
  labels: { 'topology.kubernetes.io/zone': index < 2 ? 'zone-1' : 'zone-2' },
}))
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

/** Puts into an empty simulated cluster what a new one has: namespaces, Ready nodes, CoreDNS. May be cut off and called again. */
export async function seedCluster(cluster: Cluster, { nodes = NODES, size = NODE_SIZE }: SeedOptions): Promise<void> {
  const namespaces = NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
  await Promise.all(namespaces.map((namespace) => cluster.apply(namespace, { force: true })))
  const seedNode = async (wanted: SpecNode, index: number) => {
    const node = nodeObject(wanted, hardwareOfNode(wanted, index, cluster.oCloudId))
    await writeStatus(cluster, await cluster.apply(node, { force: true }), ({ status }) => status ?? nodeStatus(size))
  }
  await Promise.all(nodes.map(seedNode))
  await cluster.apply(coreDns(), { force: true })
}

function nodeObject({ name, role, labels: given }: SpecNode, hardware: HardwareInput): KubernetesObject {
  const labels: Record<string, string> = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    ...given,
  }
  if (role === 'control-plane') labels['node-role.kubernetes.io/control-plane'] = ''
  const annotations = { [HARDWARE_ANNOTATION]: JSON.stringify(hardware) }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels, annotations },
    spec: { providerID: `simulated://${name}` },
  }
}

function nodeStatus(size: NodeSize): NonNullable<KubernetesObject['status']> {
  const now = `${new Date().toISOString().slice(0, 19)}Z`
  return {
    capacity: { ...size },
    allocatable: { ...size },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'the simulated kubelet is posting ready status',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    nodeInfo: {
      architecture: 'amd64',
      containerRuntimeVersion: 'simulated',
      kubeletVersion: SIMULATED_VERSION,
      operatingSystem: 'linux',
      osImage: 'simulated',
    },
  }
}

function coreDns(): KubernetesObject {
  const labels = { 'k8s-app': 'kube-dns' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace: 'kube-system', labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'coredns',
              image: 'registry.k8s.io/coredns/coredns:v1.12.0',
              resources: { requests: { cpu: '100m', memory: '70Mi' } },
            },
          ],
        },
      },
    },
  }
}
