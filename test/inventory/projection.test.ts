import { describe, expect, test } from 'vitest'
import type { KubernetesObject } from '../../src/clusters/cluster.ts'
import { HARDWARE_ANNOTATION } from '../../src/clusters/node-hardware.ts'
import { capacityOf } from '../../src/inventory/projection/capacity.ts'
import { capabilitiesOf } from '../../src/inventory/projection/deployment-manager.ts'
import { byTypeId, resourceTypeOf } from '../../src/inventory/projection/kinds.ts'
import { viewOfNode } from '../../src/inventory/projection/node.ts'
import { keptBy } from '../../src/inventory/projection/pods.ts'
import { resourceInfoSchema, resourceTypeInfoSchema } from '../../src/inventory/schema.ts'

const O_CLOUD = '6f0c2d8e-4d0b-4a55-9b7e-3b1f0f7c2a10'
const amounts = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' }

function node({ labels = {}, hardware, status = {}, spec = {} }: Partial<Given> = {}): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'n1',
      uid: '2c8f5c64-3d35-4f0c-8c5c-5b0f2b9a4e7d',
      labels,
      ...(hardware !== undefined && { annotations: { [HARDWARE_ANNOTATION]: hardware } }),
    },
    spec,
    status: {
      capacity: amounts,
      allocatable: { ...amounts, cpu: '7500m' },
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-11-28T00:00:00Z' }],
      nodeInfo: { architecture: 'arm64', operatingSystem: 'linux', containerRuntimeVersion: 'containerd://2.0' },
      ...status,
    },
  }
}
interface Given {
  labels: Record<string, string>
  hardware: string
  status: NonNullable<KubernetesObject['status']>
  spec: NonNullable<KubernetesObject['spec']>
}

const typesOf = (view: ReturnType<typeof viewOfNode>) => [...view.kinds.values()].map(resourceTypeOf)
const namesOf = (view: ReturnType<typeof viewOfNode>) => view.resource.elements?.map(({ description }) => description)

describe('a node as a resource', () => {
  test('has the uid of its object, its labels as tags, its roles as groups, and is made of what it offers', () => {
    const labels = { 'node-role.kubernetes.io/control-plane': '', rack: 'r1' }
    const view = viewOfNode(node({ labels }), O_CLOUD)
    expect(view.resource).toMatchObject({
      resourceId: '2c8f5c64-3d35-4f0c-8c5c-5b0f2b9a4e7d',
      description: 'Node n1 (control-plane): ready',
      tags: ['node-role.kubernetes.io/control-plane', 'rack=r1'],
      groups: ['control-plane'],
      extensions: { deploymentManagerId: O_CLOUD, nodeName: 'n1', conditions: { Ready: 'True' } },
    })
    expect(namesOf(view)).toEqual(['cpu: 8', 'memory: 32Gi', 'ephemeral-storage: 100Gi'])
    expect(view.resource.elements?.[0]?.extensions).toEqual({ resource: 'cpu', capacity: '8', allocatable: '7500m' })
    expect(resourceInfoSchema.parse(view.resource)).toEqual(view.resource)
    for (const type of typesOf(view)) expect(resourceTypeInfoSchema.parse(type)).toEqual(type)
  })

  test('whose kubelet has not said yet what it runs on adds nothing to what its deployment manager can do', () => {
    const nodeInfo = { architecture: '', operatingSystem: '', containerRuntimeVersion: '' }
    const silent = viewOfNode(node({ status: { nodeInfo } }), O_CLOUD)
    expect(capabilitiesOf([silent], undefined)).toMatchObject({
      architectures: [],
      operatingSystems: [],
      containerRuntimes: [],
    })
    expect(capabilitiesOf([silent, viewOfNode(node(), O_CLOUD)], undefined)).toMatchObject({ architectures: ['arm64'] })
    expect(typesOf(silent)[0]).toMatchObject({ model: 'node-unspecified' })
  })

  test('has devices that a device plugin offers, huge pages that it has, and nothing for what it has none of', () => {
    const capacity = {
      cpu: '8',
      'nvidia.com/gpu': '2',
      'intel.com/sriov_netdevice': '8',
      'hugepages-1Gi': '4Gi',
      'hugepages-2Mi': '0',
      'amd.com/gpu': '0',
      'attachable-volumes-aws-ebs': '25',
    }
    const view = viewOfNode(node({ status: { capacity } }), O_CLOUD)
    const expected = ['cpu: 8', 'nvidia.com/gpu: 2', 'intel.com/sriov_netdevice: 8', 'hugepages-1Gi: 4Gi']
    expect(namesOf(view)).toEqual(expected)
    expect(typesOf(view).map(({ vendor, model, resourceClass }) => [vendor, model, resourceClass])).toEqual([
      ['unspecified', 'node-arm64', 'COMPUTE'],
      ['unspecified', 'cpu-arm64', 'COMPUTE'],
      ['nvidia.com', 'gpu', 'COMPUTE'],
      ['intel.com', 'sriov_netdevice', 'NETWORKING'],
      ['unspecified', 'hugepages-1Gi', 'COMPUTE'],
    ])
  })

  test('is made of what its hardware annotation says, elements within elements', () => {
    const hardware = JSON.stringify({
      vendor: 'ACME',
      model: 'server',
      globalAssetId: 'asset-1',
      elements: [
        {
          name: 'nic0',
          category: 'network',
          vendor: 'ACME',
          model: 'nic',
          elements: [{ name: 'port0', category: 'network', model: 'sfp', globalAssetId: 'asset-2' }],
        },
        { name: 'nvme0', category: 'storage', model: 'nvme' },
      ],
    })
    const view = viewOfNode(node({ hardware }), O_CLOUD)
    expect(namesOf(view)?.slice(3)).toEqual(['nic0: ACME nic', 'nvme0: nvme'])
    const port = view.resource.elements?.[3]?.elements?.[0]
    expect([view.resource.globalAssetId, port?.globalAssetId]).toEqual(['asset-1', 'asset-2'])
    const types = byTypeId([...view.kinds.values()])
    expect(types.get(view.resource.resourceTypeId)).toMatchObject({ model: 'server', resourceKind: 'PHYSICAL' })
    expect(types.get(port?.resourceTypeId ?? '')).toMatchObject({ model: 'sfp', category: 'network' })
  })

  test.each([
    ['no JSON', '{'],
    ['', JSON.stringify({ model: 'x', weight: 3 })],
    ['longer', JSON.stringify({ model: 'x', vendor: 'x'.repeat(20_000) })],
  ])('says what is wrong with a hardware annotation: %s', (words, hardware) => {
    const { extensions } = viewOfNode(node({ hardware }), O_CLOUD).resource
    expect(extensions?.hardwareFault).toContain(`${HARDWARE_ANNOTATION}`)
    expect(extensions?.hardwareFault).toContain(words)
  })

  test('is in the pool that its own label names, else in that of its zone, else in that of its O-Cloud', () => {
    const pool = (labels: Record<string, string>) => viewOfNode(node({ labels }), O_CLOUD)
    const zone = { 'topology.kubernetes.io/zone': 'z1' }
    expect([pool({}).pool, pool(zone).pool]).toEqual([undefined, 'z1'])
    const own = pool({ ...zone, 'o2ims.dev/resource-pool': 'gpu' })
    expect(own.pool).toBe('gpu')
    const ids = [pool({}), pool(zone), own].map(({ resource }) => resource.resourcePoolId)
    expect(new Set(ids).size).toBe(3)
    expect(own.resource.elements?.every(({ resourcePoolId }) => resourcePoolId === ids[2])).toBe(true)
    expect(viewOfNode(node({ labels: zone }), 'another').resource.resourcePoolId).not.toBe(ids[1])
  })

  test('tells in its description whether it is ready and takes pods, and a heartbeat changes nothing', () => {
    const beat = (time: string, status = 'True') => ({
      conditions: [{ type: 'Ready', status, lastHeartbeatTime: time }],
    })
    const before = viewOfNode(node({ status: beat('2026-11-28T00:00:00Z') }), O_CLOUD)
    expect(viewOfNode(node({ status: beat('2026-11-28T00:05:00Z') }), O_CLOUD)).toEqual(before)
    const away = node({ status: beat('2026-11-28T00:05:00Z', 'Unknown'), spec: { unschedulable: true } })
    expect(viewOfNode(away, O_CLOUD).resource.description).toBe('Node n1 (worker): not ready, takes no new pods')
  })

  test('of a cloud has the instance type as its model and the provider as its vendor', () => {
    const labels = { 'node.kubernetes.io/instance-type': 'm5.large' }
    const view = viewOfNode(node({ labels, spec: { providerID: 'aws:///eu-1/i-1' } }), O_CLOUD)
    expect(typesOf(view)[0]).toMatchObject({ name: 'aws m5.large', vendor: 'aws', model: 'm5.large' })
  })
})

describe('the capacity of a deployment manager', () => {
  const pod = (spec: object, phase = 'Running'): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ resources: { requests: { cpu: '500m', memory: '1Gi' } } }], ...spec },
    status: { phase },
  })

  test('is what its nodes have, less what they keep and what pods ask for', () => {
    const nodes = [viewOfNode(node(), O_CLOUD), viewOfNode(node(), O_CLOUD)]
    expect(capacityOf(nodes, keptBy(pod({ nodeName: 'n1' })))).toEqual({
      cpu: { capacity: '16', reserved: '1', allocated: '500m', available: '14500m' },
      'ephemeral-storage': { capacity: '200Gi', reserved: '0', allocated: '0', available: '200Gi' },
      memory: { capacity: '64Gi', reserved: '0', allocated: '1Gi', available: '63Gi' },
      pods: { capacity: '220', reserved: '0', allocated: '1', available: '219' },
    })
  })

  test('says neither what is allocated nor what is available while the pods cannot be read', () => {
    expect(capacityOf([viewOfNode(node(), O_CLOUD)], undefined).cpu).toEqual({ capacity: '8', reserved: '500m' })
  })

  test('counts no pod that waits for a node or has ended', () => {
    expect([pod({}), pod({ nodeName: 'n1' }, 'Succeeded'), pod({ nodeName: 'n1' }, 'Failed')].map(keptBy)).toEqual([
      {},
      {},
      {},
    ])
  })

  test('counts a pod by the rule of the scheduler: sidecars, the largest init container, overhead', () => {
    const asks = (cpu: string, more = {}) => ({ resources: { requests: { cpu } }, ...more })
    const spec = {
      nodeName: 'n1',
      initContainers: [asks('1', { restartPolicy: 'Always' }), asks('3')],
      containers: [asks('500m'), { resources: { limits: { cpu: '500m' } } }],
      overhead: { cpu: '250m' },
    }
    expect(keptBy(pod(spec)).cpu).toBe(4_250_000_000n)
  })
})
