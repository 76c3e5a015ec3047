import { createHash } from 'node:crypto'
import type { JsonObject } from '../../../json.ts'
import type { KindRef, KubernetesObject } from '../../cluster.ts'
import { at, stringAt } from '../../fields.ts'
import { isReady, unscheduledReason } from './pod-status.ts'

export const HASH_LABEL = 'pod-template-hash'

/** A pod that a workload wants. */
export interface WantedPod {
  name: string
  /** Fixed node, for those that want one on each. */
  node?: string
}

/** What a workload's pods are like at this moment. */
export interface Census {
  /** All that are its own, finished ones included. */
  pods: KubernetesObject[]
  /** Those of the newest template. */
  updated: KubernetesObject[]
  ready: number
  updatedReady: number
  /** Why some pod waits for a node; undefined when none does. */
  reason: string | undefined
}

/** One kind of workload: which pods it wants, and what it tells of them. Pure. */
export interface WorkloadRules {
  kind: KindRef
  wanted(object: KubernetesObject, nodes: readonly KubernetesObject[], hash: string): WantedPod[]
  status(object: KubernetesObject, census: Census, wanted: number): JsonObject
  /** Old pods stay until the new ones are ready. */
  replacesGently(object: KubernetesObject): boolean
}

/** Names a pod template, as the pod-template-hash label does. */
export function templateHash(object: KubernetesObject): string {
  return createHash('sha1')
    .update(JSON.stringify(at(object, 'spec', 'template') ?? null))
    .digest('hex')
    .slice(0, 10)
}

/** The suffix of the pod with that number: short, and the same each time. */
export function suffix(number: number): string {
  return createHash('sha1').update(String(number)).digest('hex').slice(0, 5)
}

export function takeCensus(pods: KubernetesObject[], hash: string): Census {
  const updated = pods.filter((pod) => stringAt(pod, 'metadata', 'labels', HASH_LABEL) === hash)
  return {
    pods,
    updated,
    ready: pods.filter(isReady).length,
    updatedReady: updated.filter(isReady).length,
    reason: pods.map(unscheduledReason).find((reason) => reason !== undefined),
  }
}

/** Kubernetes leaves out counters that are zero. */
export function counters(values: Record<string, number>): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value > 0))
}
