/** What keeps a pod from every node. */
export const UNSCHEDULABLE = ['claim', 'neighbours', 'capacity', 'port', 'affinity', 'taint', 'cordon'] as const

export type Unschedulable = (typeof UNSCHEDULABLE)[number]

export const isUnschedulable = (problem: string): problem is Unschedulable =>
  UNSCHEDULABLE.some((reason) => reason === problem)

interface Reason {
  /** In the scheduler's words. */
  said: RegExp
  why: string
  advice: string
}

const REASONS: Record<Unschedulable, Reason> = {
  claim: {
    said: /persistentvolumeclaim|persistent volumes? to bind|volume node affinity|volume count|unbound immediate/i,
    why: 'a volume that it claims cannot be had there',
    advice: 'is there a StorageClass or a PersistentVolume for its PersistentVolumeClaim?',
  },
  neighbours: {
    said: /pod (?:anti-)?affinity|existing pods anti-affinity|topology spread/i,
    why: 'its rules about other pods leave none',
    advice: 'look at its podAffinity, podAntiAffinity and topologySpreadConstraints',
  },
  capacity: {
    said: /insufficient |too many pods|no nodes available/i,
    why: 'there is no capacity for it',
    advice: 'ask for less, make room or add a node',
  },
  port: {
    said: /free ports/i,
    why: 'the host port that it asks for is taken',
    advice: 'ask for another hostPort or end what has it',
  },
  affinity: {
    said: /node affinity|node selector|node\(s\) didn't match (?:the requested node name|node)/i,
    why: 'none has the labels that it asks for',
    advice: 'label a node, or change its nodeSelector or nodeAffinity',
  },
  taint: {
    said: /\btaints?\b/i,
    why: 'it does not tolerate their taints',
    advice:
      'give it a toleration or take the taint away; one of node.kubernetes.io says that the node itself is not well',
  },
  cordon: {
    said: /were unschedulable/i,
    why: 'they are cordoned',
    advice: 'kubectl uncordon lets pods onto a node again',
  },
}

/**
 * What the scheduler's message says is in the way, of several reasons the last: a node is given up at the first of the scheduler's filters that it does not pass, so
 * that one that has no room has passed labels and taints. Undefined: for a reason of its own.
 */
export function whyUnschedulable(message: string): Unschedulable | undefined {
  const aboutNodes = message.replace(/\bpreemption: .*/s, '')
  return UNSCHEDULABLE.find((reason) => REASONS[reason].said.test(aboutNodes))
}

/** The sentence about that pod. `asks`: what it asks for, where that matters. */
export function unschedulableSentence(reason: Unschedulable, pod: string, said: string, asks: string): string {
  const { why, advice } = REASONS[reason]
  return `no node takes ${pod}, ${why}: ${said}${asks}; ${advice}`
}
