import type { HardwareInput } from '../node-hardware.ts'
import type { SpecNode } from '../spec-nodes.ts'

const vendor = 'Simulated'

/** What a simulated node is made of, so that Inventory has something to show: workers have twice the disks and ports, and every second one an accelerator. */
export function hardwareOfNode(node: Pick<SpecNode, 'name' | 'role'>, index: number, oCloudId: string): HardwareInput {
  const worker = node.role === 'worker'
  return {
    vendor,
    model: worker ? 'edge-server' : 'control-server',
    version: '1.0',
    globalAssetId: `simulated:${oCloudId}:${node.name}`,
    elements: [nic(worker ? 2 : 1), ...disks(worker ? 2 : 1), ...(worker && index % 2 === 1 ? [accelerator] : [])],
  }
}

type Elements = NonNullable<HardwareInput['elements']>

function nic(ports: number): Elements[number] {
  return {
    name: 'nic0',
    category: 'network',
    vendor,
    model: `nic-25g-${ports}p`,
    version: '1.0',
    elements: Array.from({ length: ports }, (_, port) => ({
      name: `port${port}`,
      category: 'network',
      vendor,
      model: 'sfp28-25g',
      version: '1.0',
    })),
  }
}

function disks(count: number): Elements {
  return Array.from({ length: count }, (_, disk) => ({
    name: `nvme${disk}`,
    category: 'storage',
    vendor,
    model: 'nvme-960g',
    version: '1.0',
  }))
}

const accelerator: Elements[number] = {
  name: 'fec0',
  category: 'accelerator',
  vendor,
  model: 'ldpc-accelerator',
  version: '1.0',
  description: 'fec0: forward error correction for 5G',
}
