import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createKptPackages } from '../../../src/packages/kpt.ts'
import { createPackageRenderer } from '../../../src/packages/render.ts'
import { createSimulatedPackages } from '../../../src/packages/simulated.ts'
import { preflight } from '../../../src/provisioning/steps/preflight.ts'
import { KNOWN_AFTER_APPLY } from '../../../src/provisioning/steps/step.ts'
import { createChildProcesses } from '../../../src/tools/child-processes.ts'
import { createKpt } from '../../../src/tools/kpt.ts'
import { needs } from '../../harness/needs.ts'
import { type TestContextParts, testContext } from '../../harness/step-context.ts'
import { deployment } from './objects.ts'
import { type SimulatedWorld, simulatedWorld } from './simulated-world.ts'

describe('the preflight step', needs('redis'), () => {
  let world: SimulatedWorld
  const root = mkdtempSync(join(tmpdir(), 'o2ims-preflight-'))

  beforeAll(async () => {
    world = await simulatedWorld()
    await world.simulated.initialise('edge')
    for (const [folder, cpu] of [
      ['small', '1'],
      ['large', '1000'],
    ] as const) {
      mkdirSync(join(root, folder))
      const { namespace: _namespace, ...metadata } = deployment('', 'du').metadata
      writeFileSync(join(root, folder, 'du.yaml'), stringify({ ...deployment('', 'du', { cpu }), metadata }))
    }
  })
  afterAll(async () => {
    rmSync(root, { recursive: true, force: true })
    await world?.teardown()
  })

  const context = (parts: TestContextParts = {}) =>
    testContext({
      clusters: [world.simulated.open('edge')],
      lifecycle: world.simulated.lifecycle,
      packages: createSimulatedPackages(),
      render: createPackageRenderer({ packageRoot: root }),
      ...parts,
    })
  const both = async (inputs: object, parts?: TestContextParts) => {
    const { context: run } = context(parts)
    const given = preflight.inputs.parse(inputs)
    const planned = await preflight.plan(given, undefined, run).catch((error: unknown) => error)
    const applied = await preflight.apply(given, undefined, run).catch((error: unknown) => error)
    return { planned, applied }
  }

  test('tells the tools and their versions, and makes nothing', async () => {
    const { planned, applied } = await both({ target: 'edge', tools: ['kind', 'kpt'], package: 'small' })
    expect(planned).toEqual([])
    expect(applied).toMatchObject({
      objects: [],
      outputs: { tools: [{ name: 'simulated kind' }, { name: 'simulated kpt' }] },
      notes: { summary: expect.stringContaining('simulated kpt') },
    })
  })

  test('a target that only a later step makes is not looked at; tools and package are', async () => {
    const { planned } = await both({ target: KNOWN_AFTER_APPLY, driver: 'simulated', tools: ['kpt'], package: 'large' })
    expect(planned).toEqual([])
    const { planned: refused } = await both({ target: KNOWN_AFTER_APPLY, package: 'absent' })
    expect(refused).toMatchObject({ code: 'PREFLIGHT_FAILED' })
  })

  test('an O-Cloud that cannot be reached fails it with the reason, in a plan too', async () => {
    const status = async () => ({
      reachable: false,
      message: 'connection refused',
      checkedAt: new Date().toISOString(),
    })
    const describe = async () => ({ name: 'edge-1' })
    const { planned, applied } = await both({ target: 'edge' }, { status, describe })
    const message = 'the O-Cloud edge-1 cannot be reached: connection refused'
    const failure = { code: 'PREFLIGHT_FAILED', message }
    expect(planned).toMatchObject(failure)
    expect(applied).toMatchObject(failure)
  })

  test('a package that asks for more than there is fails it with what is asked for and what is free', async () => {
    const { planned, applied } = await both({ target: 'edge', package: 'large' })
    const failure = { code: 'INSUFFICIENT_CAPACITY', message: expect.stringMatching(/^cpu: 1k asked for, \S+ free$/) }
    expect(planned).toMatchObject(failure)
    expect(applied).toMatchObject(failure)
  })

  test('a tool that is missing fails it and is named', async () => {
    const kpt = createKpt({ children: createChildProcesses({ env: { PATH: root } }), runDir: root })
    const packages = createKptPackages({ kpt, kubeconfigOf: async () => '' })
    const { applied } = await both({ driver: 'kind', tools: ['kpt'] }, { packages })
    expect(applied).toMatchObject({ code: 'PREFLIGHT_FAILED', message: expect.stringContaining('kpt') })
  })

  test('a tool that no step knows is refused', () => {
    expect(preflight.inputs.safeParse({ tools: ['helm'] }).success).toBe(false)
  })
})
