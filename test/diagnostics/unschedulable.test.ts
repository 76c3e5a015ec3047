import { describe, expect, it } from 'vitest'
import { causesOf } from '../../src/diagnostics/causes.ts'
import { problemOf } from '../../src/diagnostics/pod-problem.ts'

const pending = (message: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'du', namespace: 'ran' },
  status: {
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
  },
})
const PREEMPTION = 'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.'

/** As schedulers of Kubernetes 1.26 to 1.34 write them. */
const SAID: [string, string, RegExp][] = [
  ['0/3 nodes are available: 3 Insufficient cpu.', 'capacity', /no capacity.*ask for less/],
  ['0/3 nodes are available: 1 Insufficient memory, 2 Too many pods.', 'capacity', /no capacity/],
  ['no nodes available to schedule pods', 'capacity', /no capacity.*add a node/],
  [
    '0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu.',
    'capacity',
    /no capacity/,
  ],
  ["0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", 'affinity', /none has the labels/],
  [
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector.",
    'affinity',
    /none has the labels.*nodeSelector or nodeAffinity$/,
  ],
  ['0/1 nodes are available: 1 node(s) had untolerated taint {ran: only}.', 'taint', /does not tolerate.*toleration/],
  [
    "0/1 nodes are available: 1 node(s) had taint {ran: only}, that the pod didn't tolerate.",
    'taint',
    /does not tolerate/,
  ],
  ['0/1 nodes are available: 1 node(s) were unschedulable.', 'cordon', /they are cordoned.*kubectl uncordon/],
  [
    '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
    'claim',
    /a volume that it claims.*StorageClass/,
  ],
  ['0/1 nodes are available: persistentvolumeclaim "data" not found.', 'claim', /a volume that it claims/],
  [
    "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
    'claim',
    /a volume that it claims/,
  ],
  ['0/2 nodes are available: 2 node(s) had volume node affinity conflict.', 'claim', /a volume that it claims/],
  ["0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.", 'neighbours', /rules about other pods/],
  [
    "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints.",
    'neighbours',
    /rules about other pods/,
  ],
  [
    "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    'port',
    /host port.*hostPort/,
  ],
  ['0/1 nodes are available: 1 node(s) are in another mood.', 'other', /does not run: 0\/1 nodes are available/],
]

describe('a pod that no node takes', () => {
  it.each(SAID)('%s: %s', (said, problem, words) => {
    for (const message of [said, `${said} ${PREEMPTION}`]) {
      const found = problemOf(pending(message))
      expect(found).toEqual({ problem, message })
      if (found === undefined) continue
      const pods = [{ ...found, namespace: 'ran', name: 'du', ours: true, phase: 'Pending' }]
      const [cause] = causesOf([{ name: 'edge', reachable: true, pods, notCollected: [] }])
      expect(cause?.sentence).toContain(said)
      expect(cause?.sentence).toMatch(words)
      expect(/capacity/.test(cause?.sentence ?? '')).toBe(problem === 'capacity')
    }
  })
})
