import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKindLifecycle } from '../../../src/clusters/kind/lifecycle.ts'
import type { ClusterSpec } from '../../../src/clusters/lifecycle.ts'
import { type ChildProcesses, createChildProcesses } from '../../../src/tools/child-processes.ts'
import { createDocker } from '../../../src/tools/docker.ts'
import { createKind } from '../../../src/tools/kind.ts'
import { kindThat } from '../../harness/kind-double.ts'
import { needs } from '../../harness/needs.ts'

const PREFIX = 'o2ims-test-bad'
const reference = randomUUID()
/** A path that nobody makes: holds no tool, and nothing is ever written there. */
const NOWHERE = '/nowhere/o2ims'
const plain = (name: string): ClusterSpec => ({
  name,
  nodeImage: process.env.KIND_NODE_IMAGE,
  workers: 0,
  portMappings: [],
})

describe('where kind itself goes wrong, its driver', needs('kind'), () => {
  const runDir = mkdtempSync(join(tmpdir(), 'o2ims-kind-'))
  const children = createChildProcesses()
  const kind = createKind({ children, runDir })
  const docker = createDocker(children)
  const drive = (own: ChildProcesses, createTimeoutMs?: number) =>
    createKindLifecycle({
      kind: createKind({ children: own, runDir, ...(createTimeoutMs && { createTimeoutMs }) }),
      docker,
    })

  async function removeTestClusters(): Promise<void> {
    const left = (await kind.clusters()).filter((cluster) => cluster.startsWith(PREFIX))
    await Promise.all(left.map((cluster) => kind.delete(cluster)))
  }
  beforeAll(removeTestClusters)
  afterAll(async () => {
    await removeTestClusters()
    rmSync(runDir, { recursive: true, force: true })
  })

  test.concurrent.each([
    ['dies' as const, undefined, { code: 'KIND_FAILED', message: expect.stringContaining('SIGKILL') }],
    ['hangs' as const, 2_000, { code: 'TIMEOUT', message: expect.stringContaining('did not end within 2 s') }],
  ])('ends a kind that %s half-way, and what it made is known as ours and goes', async (how, limitMs, expected) => {
    const double = kindThat(how)
    const lifecycle = drive(double.children, limitMs)
    const half = plain(`${PREFIX}-${how}`)
    try {
      await expect(lifecycle.create(half, { reference })).rejects.toMatchObject(expected)
      expect(await lifecycle.find(half.name)).toEqual({ state: 'present', owner: reference, complete: false })
      expect(await lifecycle.delete(half.name)).toBe(true)
      expect(await docker.containers({ name: 'io.x-k8s.kind.cluster', value: half.name })).toEqual([])
    } finally {
      double.dispose()
    }
  })

  test('takes no noise for a cluster, and does not repeat it', async () => {
    const double = kindThat('garbage')
    const lifecycle = drive(double.children)
    const name = `${PREFIX}-noise`
    try {
      const [version] = await lifecycle.check()
      expect(version?.version.length).toBeLessThanOrEqual(80)
      await expect(lifecycle.create(plain(name), { reference })).rejects.toMatchObject({
        code: 'KIND_FAILED',
        message: expect.stringMatching(/^.{0,400}$/s),
      })
      await expect(lifecycle.kubeconfig(name)).rejects.toMatchObject({
        code: 'KIND_FAILED',
        message: expect.stringMatching(/^kind get kubeconfig printed no kubeconfig for/),
      })
      expect(readdirSync(runDir)).toEqual([])
    } finally {
      double.dispose()
    }
  })
})

describe('without its tools the kind driver', () => {
  test('says that kind is missing', async () => {
    const lifecycle = lifecycleIn({ PATH: NOWHERE })
    await expect(lifecycle.check()).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: expect.stringContaining('kind is not on the PATH'),
    })
  })

  test('says that docker does not answer', needs('kind'), async () => {
    const lifecycle = lifecycleIn({ ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' })
    const down = { code: 'PREFLIGHT_FAILED', message: expect.stringContaining('docker does not answer') }
    await expect(lifecycle.check()).rejects.toMatchObject(down)
    await expect(lifecycle.find('any')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  })

  test('refuses a name with shell characters before anything starts', async () => {
    const lifecycle = lifecycleIn({ PATH: NOWHERE })
    for (const bad of ['a;reboot', '$(id)', '-rf', 'a b', 'A', '', 'x'.repeat(51), 'a\nb', '../x']) {
      await expect(lifecycle.create(plain(bad), { reference })).rejects.toMatchObject({
        code: 'INVALID_ARGS',
      })
    }
  })

  function lifecycleIn(env: NodeJS.ProcessEnv) {
    const children = createChildProcesses({ env })
    return createKindLifecycle({ kind: createKind({ children, runDir: NOWHERE }), docker: createDocker(children) })
  }
})
