import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, follow } from '../test/harness/client.ts'
import { startServer } from '../test/harness/server.ts'
import { requestFor } from '../test/harness/templates.ts'
import { atMost, inTurn, type Row } from './row.ts'

/**
 * A true kind cluster with the sample package: through the API, and with the same tools called by hand, in turn.
 * Needs kind, docker, kpt and kubectl on the PATH. Seconds from the first call until DU and CU are available.
 */
const ROUNDS = Number(process.env.ROUNDS ?? 1)
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

/** In turn; a round of both takes a minute and a half or so. */
export async function kindWorkload(): Promise<Row[]> {
  const server = await startServer()
  let round = 0
  const hand = async () => {
    const name = `o2ims-bench-${process.pid}-${round}-hand`
    const folder = mkdtempSync(join(tmpdir(), 'o2ims-bench-'))
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, '', { mode: 0o600 })
    try {
      return await seconds(() => byHand(name, folder))
    } finally {
      run('kind', 'delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig)
      rmSync(folder, { recursive: true })
    }
  }
  const api = async () => {
    const name = `o2ims-bench-${process.pid}-${round++}`
    const request = `${server.url}/o2ims/v1/provisioningRequests/${name}`
    try {
      return await seconds(() => throughTheApi(server.url, name))
    } finally {
      await call(request, 'DELETE')
      await follow(`${request}/events`, AbortSignal.timeout(120_000))
    }
  }
  try {
    const figures = await inTurn(ROUNDS, api, hand)
    return [
      {
        what: 'kind cluster with the package 5g-ran until DU and CU are available; baseline: kind, kubectl and kpt by hand',
        ours: `${figures.ours.toFixed(1)} s`,
        baseline: `${figures.baseline.toFixed(1)} s`,
        ratio: figures.ratio,
        target: atMost(1.1, figures.ratio),
        limit: 'kind, which starts a Kubernetes, and the pods of the package',
      },
    ]
  } finally {
    await server.dispose()
  }
}
