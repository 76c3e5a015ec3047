import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, follow } from '../test/harness/client.ts'
import { startServer } from '../test/harness/server.ts'
import { requestFor } from '../test/harness/templates.ts'

/**
 * A true kind cluster with the sample package: through the API, and with the same tools called by hand, in turn.
 * Needs kind, docker, kpt and kubectl on the PATH. Seconds from the first call until DU and CU are available.
 */
const ROUNDS = Number(process.env.ROUNDS ?? 3)
const PACKAGE = join(import.meta.dirname, '..', 'samples', 'packages', '5g-ran')

function run(tool: string, ...args: string[]): void {
  execFileSync(tool, args, { stdio: 'ignore', timeout: 300_000 })
}

async function seconds(work: () => void | Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

function byHand(name: string, folder: string): void {
  const kubeconfig = join(folder, 'kubeconfig')
  const image = process.env.KIND_NODE_IMAGE ? ['--image', process.env.KIND_NODE_IMAGE] : []
  run('kind', 'create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, ...image)
  const kubectl = (...args: string[]) => run('kubectl', '--kubeconfig', kubeconfig, ...args)
  kubectl('wait', 'node', '--all', '--for=condition=Ready', '--timeout=120s')
  kubectl('wait', 'deployment', 'coredns', '-n', 'kube-system', '--for=condition=Available', '--timeout=120s')
  kubectl('create', 'namespace', 'ran')
  const copy = join(folder, 'package')
  cpSync(PACKAGE, copy, { recursive: true })
  const kpt = (...args: string[]) =>
    execFileSync('kpt', args, { stdio: 'ignore', timeout: 300_000, env: { ...process.env, KUBECONFIG: kubeconfig } })
  kpt('live', 'init', copy, '--namespace', 'ran', '--quiet')
  kubectl('config', 'set-context', '--current', '--namespace', 'ran')
  kpt('live', 'apply', copy, '--reconcile-timeout', '2m')
}

async function throughTheApi(base: string, name: string): Promise<void> {
  const requests = `${base}/o2ims/v1/provisioningRequests`
  await call(requests, 'POST', requestFor(name, 'kind-workload', { clusterName: name, namespace: 'ran' }))
  await follow(`${requests}/${name}/events`, AbortSignal.timeout(300_000))
  const { body } = await call(`${requests}/${name}`)
  if (body.status.provisioningPhase !== 'FULFILLED') throw new Error(body.status.message)
}

const server = await startServer()
const figures: { api: number; hand: number }[] = []
try {
  for (let round = 0; round < ROUNDS; round++) {
    const name = `o2ims-bench-${round}`
    const folder = mkdtempSync(join(tmpdir(), 'o2ims-bench-'))
    writeFileSync(join(folder, 'kubeconfig'), '', { mode: 0o600 })
    const hand = await seconds(() => byHand(`${name}-hand`, folder))
    run('kind', 'delete', 'cluster', '--name', `${name}-hand`, '--kubeconfig', join(folder, 'kubeconfig'))
    rmSync(folder, { recursive: true })
    const api = await seconds(() => throughTheApi(server.url, name))
    await call(`${server.url}/o2ims/v1/provisioningRequests/${name}`, 'DELETE')
    await follow(`${server.url}/o2ims/v1/provisioningRequests/${name}/events`, AbortSignal.timeout(120_000))
    figures.push({ api, hand })
    process.stdout.write(
      `round ${round + 1}: by hand ${hand.toFixed(1)} s, through the API ${api.toFixed(1)} s, ratio ${(api / hand).toFixed(2)}\n`,
    )
  }
} finally {
  await server.dispose()
}
const ratios = figures.map(({ api, hand }) => api / hand).sort((a, b) => a - b)
process.stdout.write(`median ratio API / by hand: ${(ratios[Math.floor(ratios.length / 2)] ?? 0).toFixed(2)}\n`)
