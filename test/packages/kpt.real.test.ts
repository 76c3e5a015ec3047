import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, KubernetesObject } from '../../src/clusters/cluster.ts'
import { createKubernetesCluster } from '../../src/clusters/kubernetes/cluster.ts'
import { createKptPackages } from '../../src/packages/kpt.ts'
import type { PackagePort } from '../../src/packages/package-port.ts'
import { createChildProcesses } from '../../src/tools/child-processes.ts'
import { createKpt } from '../../src/tools/kpt.ts'
import { endLeftovers } from '../../src/tools/leftovers.ts'
import { configMap, inPlace, workload } from '../conformance/packages/arena.ts'
import { packageRules } from '../conformance/packages.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { startGitServer } from './git-server.ts'
import { tellUpgradeStory } from './upgrade-story.ts'

const SECRET = 'marked-secret-5d41402abc4b'
const log = pino({ level: 'silent' })

const secret = (namespace: string, name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData: { password: SECRET },
})
const waiting = (namespace: string) => workload(namespace, 'waiting', {}, { schedulerName: 'nobody' })

describe('the kpt driver of the package port', needs('control-plane', 'kpt'), () => {
  let runDir: string
  let plane: ControlPlane
  let cluster: Cluster
  let packages: PackagePort
  let away: ReturnType<typeof driverFor>

  beforeAll(async () => {
    runDir = mkdtempSync(join(tmpdir(), 'o2ims-kpt-'))
    plane = await startControlPlane({ parts: ALL_PARTS })
    await plane.addNode()
    ;({ cluster, packages } = driverFor(plane.kubeconfig))
    away = driverFor(plane.kubeconfig.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9'))
  })
  afterAll(async () => {
    await away?.cluster.close()
    await cluster?.close()
    await plane?.stop()
    rmSync(runDir, { recursive: true, force: true })
  })

  function driverFor(kubeconfig: string) {
    const kpt = createKpt({ children: createChildProcesses(), runDir })
    return {
      cluster: createKubernetesCluster({ oCloudId: 'edge', kubeconfig, log }),
      packages: createKptPackages({ kpt, kubeconfigOf: async () => kubeconfig }),
    }
  }

  packageRules(() => ({ packages, cluster, away, noRoom: /0\/1/ }))

  test('tells its version', async () => {
    expect(await packages.check()).toEqual([{ name: 'kpt', version: expect.stringMatching(/^\d+\.\d+/) }])
  })

  test('F5: kpt merges, applies, prunes and destroys a package from git', needs('git'), async () => {
    const server = await startGitServer()
    try {
      await tellUpgradeStory(server, cluster, packages)
    } finally {
      await server.close()
    }
  })

  test('what RBAC forbids fails in the words of the server', async () => {
    const { namespace, inventory, options } = await inPlace(cluster)
    const { kubeconfig } = await plane.user({
      rules: [
        { apiGroups: ['', 'apps'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['configmaps'], verbs: ['*'] },
        { apiGroups: ['kpt.dev'], resources: ['*'], verbs: ['*'] },
      ],
    })
    const limited = driverFor(kubeconfig)
    try {
      const objects = [configMap(namespace, 'good'), workload(namespace, 'forbidden')]
      await expect(
        limited.packages.apply(limited.cluster, { name: 'p', objects }, inventory, options),
      ).rejects.toMatchObject({
        code: 'APPLY_FAILED',
        message: expect.stringMatching(
          /^1 of 2 objects applied, deployments.apps "forbidden" is forbidden: User .*may not (create|patch) deployments.apps in namespace/,
        ),
      })
    } finally {
      await limited.cluster.close()
    }
  })

  test('a watch that is refused fails by the name of verb and kind, which kpt does not say', async () => {
    const { namespace, inventory, options } = await inPlace(cluster)
    const objects = [configMap(namespace, 'seen'), workload(namespace, 'unseen')]
    const { kubeconfig } = await plane.user({
      rules: [
        { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'create', 'patch', 'delete'] },
        { apiGroups: ['', 'kpt.dev'], resources: ['*'], verbs: ['*'] },
      ],
    })
    const limited = driverFor(kubeconfig)
    const refused = {
      code: 'APPLY_FAILED',
      message: expect.stringMatching(
        new RegExp(`its account may not watch deployments.apps in namespace ${namespace}: give it that right`),
      ),
    }
    await packages.apply(cluster, { name: 'p', objects }, inventory, options)
    try {
      const applied = limited.packages.apply(limited.cluster, { name: 'p', objects }, inventory, options)
      await expect(applied).rejects.toMatchObject(refused)
      await expect(limited.packages.destroy(limited.cluster, inventory, options)).rejects.toMatchObject(refused)
    } finally {
      await limited.cluster.close()
    }
  })

  test('cancelling leaves no process of kpt', async () => {
    const { namespace, inventory, options } = await inPlace(cluster)
    const cancel = new AbortController()
    const cancelled = packages.apply(cluster, { name: 'p', objects: [waiting(namespace)] }, inventory, {
      ...options,
      signal: cancel.signal,
      onApplied: () => cancel.abort(new Error('cancelled by a test')),
    })
    await expect(cancelled).rejects.toThrow('cancelled by a test')
    expect(familyOf(options.run.reference)).toEqual([])
  })

  test('kpt of a killed worker is found and ended, and the step can run again', async () => {
    const { namespace, inventory, options } = await inPlace(cluster)
    const { reference } = options.run
    const script = fileURLToPath(new URL('applier.ts', import.meta.url))
    const worker = spawn(process.execPath, [script, reference, runDir, namespace], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    worker.stdin.end(plane.kubeconfig)
    try {
      const [line] = await once(createInterface(worker.stdout), 'line')
      expect(line).toBe('Deployment')
      expect(familyOf(reference)).not.toEqual([])
    } finally {
      worker.kill('SIGKILL')
    }
    await endLeftovers(reference)
    expect(familyOf(reference)).toEqual([])
    const again = [workload(namespace, 'never')]
    const mine = { ...inventory, id: reference, name: reference }
    const { objects } = await packages.apply(cluster, { name: 'never', objects: again }, mine, options)
    expect(objects.map(({ ref, action }) => `${ref.name} ${action}`)).toEqual(['never updated'])
  })

  test('neither the kubeconfig nor the package is on disk, in an argument, in an environment or in an error', async () => {
    const { namespace, inventory, options } = await inPlace(cluster)
    const token = /token: (\S+)/.exec(plane.kubeconfig)?.[1] ?? ''
    expect(token.length).toBeGreaterThan(20)
    const taken = secret(namespace, 'taken')
    await cluster.apply({ ...taken, metadata: { ...taken.metadata, name: 'other' } })
    const invalid = { ...secret(namespace, 'invalid'), type: 'kubernetes.io/tls' }
    const objects = [taken, invalid, waiting(namespace)]

    const seen: string[] = []
    let message = ''
    const look = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
        const environment = read(`/proc/${pid}/environ`)
        if (environment.includes(options.run.reference)) seen.push(environment, read(`/proc/${pid}/cmdline`))
      }
      for (const folder of [runDir, '/dev/shm']) {
        for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
          seen.push(file, read(join(folder, file)))
      }
    }, 10)
    try {
      await packages.apply(cluster, { name: 'p', objects }, inventory, { ...options, reconcileTimeoutSeconds: 2 })
    } catch (error) {
      message = String(error)
    } finally {
      clearInterval(look)
    }
    expect(message).toContain('invalid')
    expect(seen.join('\n')).toContain('--inventory-policy')
    for (const hidden of [token, SECRET, Buffer.from(SECRET).toString('base64')]) {
      expect(seen.join('\n')).not.toContain(hidden)
      expect(message).not.toContain(hidden)
    }
    expect(readdirSync(runDir)).toEqual([])
  })

  test('the definition of inventories is made when it is missing, and left alone when it is there', async () => {
    const name = 'resourcegroups.kpt.dev'
    const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name }
    await cluster.delete(definition)
    await eventually(async () => expect(await cluster.get(definition)).toBeUndefined())
    const { namespace, inventory, options } = await inPlace(cluster)
    const { packages: fresh, cluster: anew } = driverFor(plane.kubeconfig)
    try {
      await fresh.apply(anew, { name: 'p', objects: [configMap(namespace, 'x')] }, inventory, options)
      const made = await anew.get(definition)
      await fresh.destroy(anew, inventory, options)
      expect((await anew.get(definition))?.metadata.uid).toBe(made?.metadata.uid)
    } finally {
      await anew.close()
    }
  })
})

function familyOf(reference: string): string[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids
    .filter((pid) => read(`/proc/${pid}/environ`).includes(`O2IMS_RUN=${reference}`))
    .map((pid) => read(`/proc/${pid}/cmdline`))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
