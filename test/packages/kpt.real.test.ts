import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
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
import type { AppliedObject, Inventory, PackageOptions, PackagePort } from '../../src/packages/package-port.ts'
import { createPackageRenderer } from '../../src/packages/render.ts'
import { createChildProcesses } from '../../src/tools/child-processes.ts'
import { createKpt } from '../../src/tools/kpt.ts'
import { endLeftovers } from '../../src/tools/leftovers.ts'
import { ALL_PARTS, type ControlPlane, startControlPlane } from '../harness/control-plane.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'

const SECRET = 'marked-secret-5d41402abc4b'
const render = createPackageRenderer({ packageRoot: fileURLToPath(new URL('../../samples/packages', import.meta.url)) })
const log = pino({ level: 'silent' })

const configMap = (namespace: string, name: string, data: Record<string, string> = { a: 'b' }): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
})
const secret = (namespace: string, name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData: { password: SECRET },
})
const deployment = (namespace: string, name: string, podSpec: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { ...podSpec, containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] },
    },
  },
})
const UNSCHEDULABLE = { schedulerName: 'nobody' }

describe('the kpt driver of the package port', needs('control-plane', 'kpt'), () => {
  let runDir: string
  let plane: ControlPlane
  let cluster: Cluster
  let packages: PackagePort

  beforeAll(async () => {
    runDir = mkdtempSync(join(tmpdir(), 'o2ims-kpt-'))
    plane = await startControlPlane({ parts: ALL_PARTS })
    await plane.addNode()
    ;({ cluster, packages } = driverFor(plane.kubeconfig))
  })
  afterAll(async () => {
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

  /** A namespace, an inventory and a run of its own. */
  async function place(): Promise<{ namespace: string; inventory: Inventory; options: PackageOptions }> {
    const reference = randomUUID()
    const namespace = `ns-${reference.slice(0, 8)}`
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const inventory = { id: `o2ims-${reference}-workload`, name: `o2ims-${reference}-workload`, namespace }
    return { namespace, inventory, options: { run: { reference, step: 'workload' }, reconcileTimeoutSeconds: 20 } }
  }

  test('tells its version', async () => {
    expect(await packages.check()).toEqual([{ name: 'kpt', version: expect.stringMatching(/^\d+\.\d+/) }])
  })

  test('applies the sample package, tells each object as it stands, and the progress', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await render({ path: '5g-ran', namespace, values: { duReplicas: 2 } })
    const told: AppliedObject[] = []
    const percents: number[] = []
    const result = await packages.apply(cluster, rendered, inventory, {
      ...options,
      onApplied: (object) => told.push(object),
      progress: (percent) => percents.push(percent),
    })
    expect(result.objects.map(({ ref, action }) => `${ref.kind} ${ref.name} ${action}`).sort()).toEqual([
      'ConfigMap ran-config created',
      'Deployment cu created',
      'Deployment du created',
      'Service cu created',
    ])
    expect(told).toHaveLength(4)
    for (const { ref, uid } of result.objects) expect(uid).toBe((await cluster.get(ref))?.metadata.uid)
    const du = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'du' })
    expect(du?.status?.availableReplicas).toBe(2)
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(percents.at(-1)).toBe(100)
    expect(du?.metadata.annotations).toMatchObject({ 'config.k8s.io/owning-inventory': inventory.id })
  })

  test('applied again, an unchanged package changes nothing but its inventory', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await render({ path: '5g-ran', namespace, values: {} })
    await packages.apply(cluster, rendered, inventory, options)
    const before = await versionsOf(rendered.objects)
    const again = await packages.apply(cluster, rendered, inventory, options)
    expect(again.objects.map((object) => object.action)).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged'])
    expect(await versionsOf(rendered.objects)).toEqual(before)
  })

  test('a change updates what differs and removes what the package no longer has', async () => {
    const { namespace, inventory, options } = await place()
    const first = [configMap(namespace, 'stays'), configMap(namespace, 'changes'), configMap(namespace, 'goes')]
    await packages.apply(cluster, { name: 'p', objects: first }, inventory, options)
    const second = [configMap(namespace, 'stays'), configMap(namespace, 'changes', { a: 'c' })]
    const { objects } = await packages.apply(cluster, { name: 'p', objects: second }, inventory, options)
    expect(Object.fromEntries(objects.map(({ ref, action }) => [ref.name, action]))).toEqual({
      stays: 'unchanged',
      changes: 'updated',
      goes: 'deleted',
    })
    expect(objects.find(({ ref }) => ref.name === 'goes')?.ref).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace,
      name: 'goes',
    })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'goes' })).toBeUndefined()
  })

  test('destroying removes every object and the inventory, and again there is nothing to do', async () => {
    const { namespace, inventory, options } = await place()
    const rendered = await render({ path: '5g-ran', namespace, values: {} })
    await packages.apply(cluster, rendered, inventory, options)
    const { removed, left } = await packages.destroy(cluster, inventory, options)
    expect(left).toEqual([])
    expect(removed.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
      rendered.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(),
    )
    expect(removed.find(({ kind }) => kind === 'Deployment')?.apiVersion).toBe('apps/v1')
    expect(await versionsOf(rendered.objects)).toEqual(rendered.objects.map(() => undefined))
    expect(await cluster.list({ apiVersion: 'kpt.dev/v1alpha1', kind: 'ResourceGroup' }, { namespace })).toEqual([])
    expect(await packages.destroy(cluster, inventory, options)).toEqual({ removed: [], left: [] })
  })

  test('an object of another inventory is a conflict that names the owner, and stays as it is', async () => {
    const { namespace, inventory, options } = await place()
    const other = { ...inventory, id: 'somebody-elses', name: 'somebody-elses' }
    await packages.apply(cluster, { name: 'p', objects: [configMap(namespace, 'shared')] }, other, options)
    const mine = [configMap(namespace, 'shared', { a: 'mine' }), configMap(namespace, 'own')]
    await expect(packages.apply(cluster, { name: 'p', objects: mine }, inventory, options)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: '1 of 2 objects applied, ConfigMap "shared" belongs to inventory somebody-elses',
    })
    expect(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'shared' })).toMatchObject({
      data: { a: 'b' },
    })
    expect((await packages.destroy(cluster, inventory, options)).removed.map(({ name }) => name)).toEqual(['own'])
    expect(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'shared' })).toBeDefined()
  })

  test('an object that was there before is a conflict, too', async () => {
    const { namespace, inventory, options } = await place()
    await cluster.apply(configMap(namespace, 'old'))
    const objects = [configMap(namespace, 'old', { a: 'c' })]
    await expect(packages.apply(cluster, { name: 'p', objects }, inventory, options)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('"old" belongs to nobody that kpt knows: it was there before'),
    })
  })

  test('what the server refuses fails in its words, and what stands was told', async () => {
    const { namespace, inventory, options } = await place()
    const bad = deployment(namespace, 'bad', { noSuchField: 'x' })
    const told: string[] = []
    const onApplied = ({ ref }: AppliedObject) => told.push(ref.name)
    const objects = [configMap(namespace, 'good'), bad]
    await expect(
      packages.apply(cluster, { name: 'p', objects }, inventory, { ...options, onApplied }),
    ).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringMatching(/^1 of 2 objects applied, .*noSuchField: field not declared in schema/),
    })
    expect(told).toEqual(['good'])
  })

  test('what RBAC forbids fails in the words of the server', async () => {
    const { namespace, inventory, options } = await place()
    const { kubeconfig } = await plane.user({
      rules: [
        { apiGroups: ['', 'apps'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['configmaps'], verbs: ['*'] },
        { apiGroups: ['kpt.dev'], resources: ['*'], verbs: ['*'] },
      ],
    })
    const limited = driverFor(kubeconfig)
    try {
      const objects = [configMap(namespace, 'good'), deployment(namespace, 'forbidden')]
      await expect(
        limited.packages.apply(limited.cluster, { name: 'p', objects }, inventory, options),
      ).rejects.toMatchObject({
        code: 'APPLY_FAILED',
        message: expect.stringMatching(/^1 of 2 objects applied, deployments.apps "forbidden" is forbidden: User/),
      })
    } finally {
      await limited.cluster.close()
    }
  })

  test('what does not become ready in time is told with the reason', async () => {
    const { namespace, inventory, options } = await place()
    const objects = [deployment(namespace, 'waiting', UNSCHEDULABLE)]
    const slow = packages.apply(cluster, { name: 'p', objects }, inventory, { ...options, reconcileTimeoutSeconds: 2 })
    await expect(slow).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^after 2 s not ready: Deployment "waiting": .*0\/1/),
    })
  })

  test('what a finalizer holds is left over, with the reason', async () => {
    const { namespace, inventory, options } = await place()
    const held = configMap(namespace, 'held')
    held.metadata.finalizers = ['test.dev/hold']
    await packages.apply(cluster, { name: 'p', objects: [held, configMap(namespace, 'free')] }, inventory, options)
    const { removed, left } = await packages.destroy(cluster, inventory, { ...options, reconcileTimeoutSeconds: 3 })
    expect(removed.map(({ name }) => name)).toEqual(['free'])
    expect(left).toEqual([{ ref: expect.objectContaining({ name: 'held' }), reason: 'held by test.dev/hold' }])
    await plane.client.call(
      'PATCH',
      `/api/v1/namespaces/${namespace}/configmaps/held`,
      { metadata: { finalizers: null } },
      'application/merge-patch+json',
    )
  })

  test('an O-Cloud that is away is worth another try', async () => {
    const nowhere = driverFor(plane.kubeconfig.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9'))
    const objects = [configMap('default', 'x')]
    const inventory = { id: 'x', name: 'x', namespace: 'default' }
    const options = { run: { reference: 'x', step: 'y' }, reconcileTimeoutSeconds: 5 }
    try {
      await expect(
        nowhere.packages.apply(nowhere.cluster, { name: 'p', objects }, inventory, options),
      ).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
      })
    } finally {
      await nowhere.cluster.close()
    }
  })

  test('cancelling ends kpt at once', async () => {
    const { namespace, inventory, options } = await place()
    const reason = new Error('cancelled by a test')
    const cancel = new AbortController()
    const objects = [deployment(namespace, 'waiting', UNSCHEDULABLE)]
    const cancelled = packages.apply(cluster, { name: 'p', objects }, inventory, {
      ...options,
      signal: cancel.signal,
      onApplied: () => cancel.abort(reason),
    })
    await expect(cancelled).rejects.toBe(reason)
    expect(familyOf(options.run.reference)).toEqual([])
  })

  test('kpt of a killed worker is found and ended, and the step can run again', async () => {
    const { namespace, inventory, options } = await place()
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
    const again = [deployment(namespace, 'never')]
    const mine = { ...inventory, id: reference, name: reference }
    const { objects } = await packages.apply(cluster, { name: 'never', objects: again }, mine, options)
    expect(objects.map(({ ref, action }) => `${ref.name} ${action}`)).toEqual(['never updated'])
  })

  test('neither the kubeconfig nor the package is on disk, in an argument, in an environment or in an error', async () => {
    const { namespace, inventory, options } = await place()
    const token = /token: (\S+)/.exec(plane.kubeconfig)?.[1] ?? ''
    expect(token.length).toBeGreaterThan(20)
    const taken = secret(namespace, 'taken')
    await cluster.apply({ ...taken, metadata: { ...taken.metadata, name: 'other' } })
    const invalid = { ...secret(namespace, 'invalid'), type: 'kubernetes.io/tls' }
    const objects = [taken, invalid, deployment(namespace, 'waiting', UNSCHEDULABLE)]

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
    const { namespace, inventory, options } = await place()
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

  async function versionsOf(objects: readonly KubernetesObject[]): Promise<(string | undefined)[]> {
    const live = objects.map(({ apiVersion, kind, metadata: { name, namespace } }) =>
      cluster.get({ apiVersion, kind, namespace, name }),
    )
    return (await Promise.all(live)).map((object) => object?.metadata.resourceVersion)
  }
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
