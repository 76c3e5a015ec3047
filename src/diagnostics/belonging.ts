import type { ObjectRef } from '../clusters/cluster.ts'
import { groupOf } from '../clusters/fields.ts'

/** What stands in a namespace, by its name. */
export interface Named {
  kind: string
  namespace?: string
  name: string
}

/** Kubernetes' own letters for what it appends to a name: no vowels, nothing that reads like another letter. */
const SUFFIX = '[bcdfghjklmnpqrstvwxz2456789]'
const POD = `-${SUFFIX}{5}$`

/** How the controllers of a kind call what they make, after its own name. By name, for what an event is about may be gone. */
const MADE: Record<string, Record<string, RegExp>> = {
  Deployment: {
    ReplicaSet: new RegExp(`^-${SUFFIX}{1,10}$`),
    Pod: new RegExp(`^-${SUFFIX}{1,10}${POD}`),
  },
  ReplicaSet: { Pod: new RegExp(`^${POD}`) },
  DaemonSet: { Pod: new RegExp(`^${POD}`) },
  StatefulSet: { Pod: /^-\d+$/ },
  Job: { Pod: new RegExp(`^(-\\d+)?${POD}`) },
  CronJob: { Job: /^-\d+$/, Pod: new RegExp(`^-\\d+${POD}`) },
}

/** Is it that object, or does its name say that it was made for it? What operators make for a kind of their own starts with its name. */
export function belongsTo(object: ObjectRef, { kind, namespace, name }: Named): boolean {
  if (object.namespace !== namespace) return false
  if (object.kind === kind && object.name === name) return true
  if (object.kind === 'StatefulSet' && kind === 'PersistentVolumeClaim')
    return name.replace(/-\d+$/, '').endsWith(`-${object.name}`)
  if (!name.startsWith(`${object.name}-`)) return false
  return isCustom(object) || MADE[object.kind]?.[kind]?.test(name.slice(object.name.length)) === true
}

function isCustom({ apiVersion }: ObjectRef): boolean {
  const group = groupOf(apiVersion)
  return group.includes('.') && !group.endsWith('.k8s.io')
}
