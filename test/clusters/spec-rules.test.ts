import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { labelProblem, patchProblem } from '../../src/clusters/spec-rules.ts'

describe('a label for a node', () => {
  test('may be what Kubernetes takes and a kubelet may set', () => {
    for (const [key, value] of [
      ['nephio.org/cluster-name', 'edge-1'],
      ['zone', ''],
      ['a', 'A.b_c-9'],
      ['topology.kubernetes.io/zone', 'north'],
      ['node.kubernetes.io/instance-type', 'm5.xlarge'],
      ['kubernetes.io.example.com/a', 'b'],
    ] as const) {
      expect(labelProblem(key, value), key).toBeUndefined()
    }
  })

  test('is refused with the reason where kubelets would not start with it', () => {
    for (const key of [
      'node-role.kubernetes.io/worker',
      'kubernetes.io/hostname',
      'k8s.io/a',
      'topology.kubernetes.io/rack',
    ])
      expect(labelProblem(key, 'x')).toMatch(/^a kubelet may not give its node the label/)
  })

  test('never carries what would end the label in the file that kind writes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), fc.string({ maxLength: 80 }), (key, value) => {
        if (labelProblem(key, value) === undefined) expect(`${key}=${value}`).toMatch(/^[\w./-]+=[\w.-]*$/)
      }),
    )
    for (const [key, value] of [
      ['a', 'b,c=d'],
      ['a', 'b"'],
      ['a\n', 'b'],
      ['a', 'b\n'],
      ['a/b/c', 'd'],
      ['/a', 'b'],
      ['A_b/c', 'd'],
      ['x'.repeat(64), 'y'],
      ['x', 'y'.repeat(64)],
    ] as const)
      expect(labelProblem(key, value), JSON.stringify([key, value])).toBeDefined()
  })
})

describe('a patch of the kubeadm configuration', () => {
  test('is one YAML mapping for a kind that kubeadm reads', () => {
    expect(patchProblem('kind: KubeletConfiguration\nmaxPods: 55\n')).toBeUndefined()
    const versioned = 'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\napiServer: {extraArgs: {v: "4"}}'
    expect(patchProblem(versioned)).toBeUndefined()
  })

  test.each([
    ['', 'must be one YAML document'],
    ['kind: KubeletConfiguration\na: 1\n---\nkind: ClusterConfiguration\nb: 1\n', 'must be one YAML document'],
    ['- kind: KubeletConfiguration', 'must be a YAML mapping'],
    ['just words', 'must be a YAML mapping'],
    ['kind: [', 'is no YAML'],
    ['a: *nobody', 'must be a YAML mapping'],
    ['maxPods: 55', 'must have a kind: ClusterConfiguration'],
    ['kind: kubeletconfiguration\nmaxPods: 55', 'must have a kind'],
    ['kind: KubeletConfiguration\napiVersion: 1\nmaxPods: 55', 'apiVersion that is no text'],
    ['kind: KubeletConfiguration', 'changes nothing'],
    [`kind: KubeletConfiguration\na: ${'x'.repeat(17_000)}`, 'is longer than 16384 characters'],
  ])('is refused: %j', (text, problem) => {
    expect(patchProblem(text)).toContain(problem)
  })

  test('of aliases that grow without end is refused, not unfolded', () => {
    const lines = Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`)
    const bomb = ['kind: KubeletConfiguration', 'a0: &a0 [x]', ...lines].join('\n')
    expect(patchProblem(bomb)).toBe('must be a YAML mapping')
  })
})
