import { afterAll, beforeAll, describe } from 'vitest'
import type { Cluster } from '../../src/clusters/cluster.ts'
import { needs, type Part } from '../harness/needs.ts'
import { applyRules } from './cluster/apply.ts'
import { createArena } from './cluster/arena.ts'
import { conditionalRules } from './cluster/conditional.ts'
import { controllerRules } from './cluster/controllers.ts'
import { customResourceRules } from './cluster/custom-resources.ts'
import { finalizerRules } from './cluster/finalizers.ts'
import { logRules } from './cluster/logs.ts'
import { readRules } from './cluster/read.ts'
import { validationRules } from './cluster/validation.ts'
import { watchRules } from './cluster/watch.ts'

/** A cluster with at least one Ready node, something that makes pods from Deployments, and something that ends namespaces. */
export interface ClusterUnderTest {
  cluster: Cluster
  teardown(): Promise<void>
}

/** The rules of the cluster port, for every driver: what the pipeline may rely on, wherever it runs. */
export function clusterConformance(
  name: string,
  setup: () => Promise<ClusterUnderTest>,
  options: { needs?: Part[] } = {},
): void {
  describe(`${name}: rules of the cluster port`, needs(...(options.needs ?? [])), () => {
    let underTest: ClusterUnderTest | undefined
    const arena = createArena(() => {
      if (underTest === undefined) throw new Error('the cluster has not been set up')
      return underTest.cluster
    })
    beforeAll(async () => {
      underTest = await setup()
    })
    afterAll(async () => {
      await arena.clean()
      await underTest?.teardown()
    })
    describe('apply', () => applyRules(arena))
    describe('what a server refuses', () => validationRules(arena))
    describe('conditions on a write', () => conditionalRules(arena))
    describe('finalizers', () => finalizerRules(arena))
    describe('get, list, delete', () => readRules(arena))
    describe('logs', () => logRules(arena))
    describe('watch', () => watchRules(arena))
    describe('kinds and custom resources', () => customResourceRules(arena))
    describe('controllers', () => controllerRules(arena))
  })
}
