import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ClusterSpec } from '../../src/clusters/lifecycle.ts'
import { assertClusterName, kindConfig, ownerOf } from '../../src/tools/kind-config.ts'
import { kindStage } from '../../src/tools/kind-progress.ts'

const spec: ClusterSpec = { name: 'edge-1', workers: 0, portMappings: [] }

describe('the configuration for kind', () => {
  test('holds what the specification asks for, and nothing else', () => {
    const full: ClusterSpec = {
      name: 'edge-1',
      nodeImage: 'kindest/node:v1.33.1@sha256:abc',
      workers: 2,
      podSubnet: '10.10.0.0/16',
      serviceSubnet: '10.11.0.0/16',
      portMappings: [{ containerPort: 30080, hostPort: 8080, protocol: 'TCP', listenAddress: '127.0.0.1' }],
      controlPlanes: 2,
      nodeLabels: {
        all: { site: 'north', tier: 'any' },
        controlPlane: { tier: 'control' },
        workers: [{ zone: 'a' }, { zone: 'b' }],
      },
      apiServer: { address: '127.0.0.1', port: 6443 },
      featureGates: { JobSuccessPolicy: true },
      runtimeConfig: { 'api/beta': 'false' },
      kubeadmPatches: ['kind: KubeletConfiguration\nmaxPods: 55\n'],
    }
    const { nodes, networking, ...rest } = parse(kindConfig(full, 'ref'))
    expect(rest).toEqual({
      kind: 'Cluster',
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      name: 'edge-1',
      featureGates: full.featureGates,
      runtimeConfig: full.runtimeConfig,
      kubeadmConfigPatches: full.kubeadmPatches,
    })
    expect(networking).toEqual({
      podSubnet: '10.10.0.0/16',
      serviceSubnet: '10.11.0.0/16',
      apiServerAddress: '127.0.0.1',
      apiServerPort: 6443,
    })
    type Node = { role: string; labels: Record<string, string>; extraPortMappings?: unknown }
    expect(nodes.map(({ role, labels }: Node) => [role, labels])).toEqual([
      ['control-plane', { site: 'north', tier: 'control' }],
      ['control-plane', { site: 'north', tier: 'control' }],
      ['worker', { site: 'north', tier: 'any', zone: 'a' }],
      ['worker', { site: 'north', tier: 'any', zone: 'b' }],
    ])
    const mapped = nodes.map(({ extraPortMappings }: Node) => extraPortMappings)
    expect(mapped).toEqual([full.portMappings, undefined, undefined, undefined])
    for (const node of nodes) expect(node.image).toBe(full.nodeImage)
  })

  test('leaves to kind what was not asked for: a port of the API server that is free, no labels, no gates', () => {
    const { nodes, networking, ...rest } = parse(kindConfig(spec, 'ref'))
    expect(rest).toEqual({ kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4', name: 'edge-1' })
    expect(networking).toEqual({})
    expect(nodes).toHaveLength(1)
    expect(nodes[0]).not.toHaveProperty('labels')
  })

  test('marks every node with the owner, whatever the reference is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }), (reference) => {
        for (const node of parse(kindConfig({ ...spec, workers: 1 }, reference)).nodes) {
          const binds = node.extraMounts.map(
            (mount: { hostPath: string; containerPath: string }) => `${mount.hostPath}:${mount.containerPath}:ro`,
          )
          expect(ownerOf(['/lib/modules:/lib/modules:ro', ...binds])).toBe(reference)
        }
      }),
    )
    expect(ownerOf(['/lib/modules:/lib/modules:ro'])).toBeUndefined()
  })

  test('refuses a name that kind, docker or a host cannot have, and an image that looks like an option', () => {
    for (const name of ['a', 'edge-1', '0', 'x'.repeat(50)]) expect(() => assertClusterName(name)).not.toThrow()
    for (const name of ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a b', 'a;b', 'ä', 'a\n', 'x'.repeat(51)]) {
      expect(() => kindConfig({ ...spec, name }, 'ref')).toThrow('is no cluster name')
    }
    for (const nodeImage of ['--privileged', '', 'a b', '$(id)']) {
      expect(() => kindConfig({ ...spec, nodeImage }, 'ref')).toThrow('is no image')
    }
  })
})

describe('the progress of kind', () => {
  test('grows with the stages that it prints', () => {
    const lines = [
      'Ensuring node image (x:v1) 🖼  ...',
      'Preparing nodes 📦 📦   ...',
      'Writing configuration 📜  ...',
      'Starting control-plane 🕹️  ...',
      'Installing CNI 🔌  ...',
      'Installing StorageClass 💾  ...',
      'Joining worker nodes 🚜  ...',
    ]
    const stages = lines.map((line) => kindStage(` • ${line}`))
    expect(stages.map((stage) => stage?.message)).toEqual([
      'Ensuring node image (x:v1)',
      'Preparing nodes',
      'Writing configuration',
      'Starting control-plane',
      'Installing CNI',
      'Installing StorageClass',
      'Joining worker nodes',
    ])
    const percents = stages.map((stage) => stage?.percent ?? -1)
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(kindStage(' ✓ Preparing nodes 📦')).toBeUndefined()
    expect(kindStage('Have a nice day! 👋')).toBeUndefined()
  })
})
