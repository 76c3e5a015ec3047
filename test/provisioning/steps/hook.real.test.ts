import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Cluster } from '../../../src/clusters/cluster.ts'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { hook } from '../../../src/provisioning/steps/hook.ts'
import { manifests } from '../../../src/provisioning/steps/manifests.ts'
import { removalHook } from '../../../src/provisioning/steps/removal-hook.ts'
import { expanded } from '../../../src/provisioning/templates/expansion.ts'
import { renderInputs } from '../../../src/provisioning/templates/references.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../../harness/control-plane.ts'
import { needs } from '../../harness/needs.ts'
import { silentLog } from '../../harness/redis.ts'
import { SAMPLES } from '../../harness/samples.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { namespaceObject } from './objects.ts'

const JOB = { apiVersion: 'batch/v1', kind: 'Job' }

describe('hooks on a real API server', needs('control-plane', 'kwok'), () => {
  let plane: ControlPlane
  let cluster: Cluster

  beforeAll(async () => {
    plane = await startControlPlane({ parts: ALL_PARTS })
    await plane.addNode({ cpu: '4', memory: '8Gi', pods: '110' })
    cluster = await createKubernetesCluster({ oCloudId: 'edge', kubeconfig: plane.kubeconfig, log: silentLog() })
  })
  afterAll(async () => {
    await cluster?.close()
    await plane?.stop()
  })

  const unique = () => `hook-${randomBytes(4).toString('hex')}`
  const given = (namespace: string, more: object = {}) =>
    hook.inputs.parse({
      target: 'edge',
      namespace,
      hook: { name: 'tests', image: 'tests:1', timeoutSeconds: 30, ...more },
    })
  const context = (parts: TestContextParts = {}) => testContext({ clusters: [cluster], step: 'hook:tests', ...parts })
  const run = async (inputs: ReturnType<typeof given>, parts?: TestContextParts) => {
    const { context: one } = context(parts)
    const made = await hook.apply(inputs, undefined, one)
    return { one, made: await hook.verify(inputs, made, one) }
  }

  test('a Job runs to its end and is gone, the namespace after the undo', async () => {
    const namespace = unique()
    const { one, made } = await run(given(namespace, { command: ['true'], env: [{ name: 'A', value: 'b' }] }))
    expect(made.notes.summary).toMatch(/^tests succeeded after/)
    expect(await cluster.list(JOB, { namespace })).toEqual([])
    expect(await hook.undo(made, 'all', one)).toMatchObject({ left: [] })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeUndefined()
  })

  test('a Job whose pod no node takes is ended at its own limit, with the scheduler’s words', async () => {
    const resources = { requests: { cpu: '500' }, limits: { cpu: '500' } }
    await expect(run(given(unique(), { resources, timeoutSeconds: 2 }))).rejects.toMatchObject({
      code: 'PROVISIONING_FAILED',
      message: expect.stringMatching(/did not end within 2 s; pod tests-\S+: Unschedulable: .*Insufficient cpu/),
    })
  })

  test('the quota and the network policy of the sample template are taken, and a Job beyond the quota is told by its event', async () => {
    const template = parse(readFileSync(join(SAMPLES, 'templates/edge-5g-ran-1.0.0.yaml'), 'utf8'))
    const namespace = unique()
    const parameters = { oCloud: 'edge', namespace }
    for (const step of expanded(template).steps.filter(({ name }) => name === 'quota' || name === 'network-policy')) {
      const inputs = manifests.inputs.parse(renderInputs(step.with ?? {}, { parameters, steps: {} }))
      const { context: one } = context({ step: step.name })
      expect(await manifests.plan(inputs, undefined, one)).toMatchObject([{}, { action: 'create' }])
      await manifests.apply(inputs, undefined, one)
    }
    const resources = { requests: { cpu: '30', memory: '1Gi' }, limits: { cpu: '30', memory: '1Gi' } }
    await expect(run(given(namespace, { resources, timeoutSeconds: 2 }))).rejects.toMatchObject({
      message: expect.stringMatching(/no pod: .*exceeded quota: edge-5g-ran, requested: requests.cpu=30/),
    })
  })

  test('before a removal the Job runs to its end and is gone', async () => {
    const namespace = unique()
    await cluster.apply(namespaceObject(namespace))
    const standing = { name: 'hook:tests', uses: 'removal-hook', state: 'SUCCEEDED' as const }
    const { context: one } = context({ steps: [standing] })
    const made = await removalHook.apply(given(namespace), undefined, one)
    expect(await removalHook.undo(made, 'all', one)).toEqual({ undone: [], left: [] })
    const jobs = await cluster.list(JOB, { namespace })
    expect(jobs.filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toEqual([])
  })
})
