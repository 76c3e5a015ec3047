import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Child, type Children, createChildren, freePorts } from './children.ts'
import { createAccess, kubeconfigOf, type Superuser } from './control-plane/access.ts'
import { AUDIT_POLICY, type AuditLog, createAuditLog } from './control-plane/audit.ts'
import { addNode, makeUser, type NodeShape, type PolicyRule } from './control-plane/objects.ts'
import { createServerClient, type ServerClient } from './control-plane/server-client.ts'
import { controlPlane } from './needs.ts'

export interface ControlPlaneOptions {
  /** What runs beside etcd and the API server; all of it for Deployments that come up and namespaces that go. */
  parts?: readonly ('controller-manager' | 'scheduler' | 'kwok')[]
  /** Stages for kwok, instead of ours in kwok-stages.yaml. */
  stages?: string
  /** Lets `certificateUser` work; needs openssl. */
  clientCertificates?: boolean
  /** More arguments of kube-apiserver. */
  serverArguments?: string[]
}

export const ALL_PARTS = ['controller-manager', 'scheduler', 'kwok'] as const

/** A real Kubernetes control plane of the test's own. */
export interface ControlPlane {
  readonly server: string
  /** The user "admin", with all rights, by token. */
  readonly kubeconfig: string
  readonly audit: AuditLog
  /** The API as somebody else uses it: the user "harness". */
  readonly client: ServerClient
  /** A service account with these rules and no others. Its name in the audit log comes along. */
  user(options: { rules: PolicyRule[] }): Promise<{ kubeconfig: string; name: string; token: string }>
  /** A user by client certificate; groups decide what it may (`system:masters`: everything). */
  certificateUser(name: string, groups: string[]): string
  /** A node that kwok plays; returns its name when it is Ready and takes pods. */
  addNode(node?: NodeShape): Promise<string>
  /** Throws away etcd's history: who resumes from before gets 410 (with `--watch-cache=false`). */
  compact(): Promise<void>
  /** SIGSTOP and SIGCONT of the API server. */
  pause(): void
  resume(): void
  /** SIGKILL of the API server; `restart` starts it again at the same address on the same etcd. */
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts etcd and kube-apiserver from KUBEBUILDER_ASSETS (or where setup-envtest puts them), and the parts asked for. Ready in about
 * three seconds with etcd and API server alone, five with everything. Start one for a test file and keep tests apart by namespaces.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const assets = controlPlane()
  if (assets === undefined) throw new Error('no kube-apiserver: set KUBEBUILDER_ASSETS to a folder of setup-envtest')
  const children = createChildren('o2ims-control-plane-')
  try {
    return await start(children, assets, options)
  } catch (error) {
    await children.stop()
    throw error
  }
}

async function start(children: Children, assets: string, options: ControlPlaneOptions): Promise<ControlPlane> {
  const { folder } = children
  const [etcdPort = 0, peerPort = 0, serverPort = 0] = await freePorts(3)
  const etcd = `http://127.0.0.1:${etcdPort}`
  const server = `https://127.0.0.1:${serverPort}`
  const access = createAccess(folder, options.clientCertificates ?? false)
  writeFileSync(join(folder, 'audit-policy.yaml'), AUDIT_POLICY)

  children.start('etcd', join(assets, 'etcd'), [
    '--data-dir=etcd',
    '--unsafe-no-fsync',
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
  ])
  const startServer = () =>
    children.start('kube-apiserver', join(assets, 'kube-apiserver'), [
      `--etcd-servers=${etcd}`,
      `--secure-port=${serverPort}`,
      '--bind-address=127.0.0.1',
      '--cert-dir=certs',
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--allow-privileged',
      '--audit-policy-file=audit-policy.yaml',
      '--audit-log-path=audit.log',
      ...access.serverArguments,
      ...(options.serverArguments ?? []),
    ])
  let apiServer = startServer()
  const authority = await untilThere(() => readFileSync(join(folder, 'certs', 'apiserver.crt'), 'utf8'), apiServer)
  const client = createServerClient(server, authority, access.token('harness'))
  await untilReady(client, apiServer)

  const kubeconfigFor = (user: Superuser) => kubeconfigOf(server, authority, { token: access.token(user) })
  startParts(children, assets, options, kubeconfigFor)

  return {
    server,
    kubeconfig: kubeconfigFor('admin'),
    audit: createAuditLog(join(folder, 'audit.log')),
    client,
    async user({ rules }) {
      const name = `user-${randomBytes(4).toString('hex')}`
      const token = await makeUser(client, name, rules)
      const kubeconfig = kubeconfigOf(server, authority, { token })
      return { kubeconfig, name: `system:serviceaccount:kube-system:${name}`, token }
    },
    certificateUser: (name, groups) => kubeconfigOf(server, authority, access.certificate(name, groups)),
    addNode: (node) => addNode(client, node),
    compact: () => compact(etcd),
    pause: () => apiServer.signal('SIGSTOP'),
    resume: () => apiServer.signal('SIGCONT'),
    kill: () => apiServer.kill(),
    async restart() {
      await apiServer.kill()
      apiServer = startServer()
      await untilReady(client, apiServer)
    },
    async stop() {
      await client.close()
      await children.stop()
    },
  }
}

function startParts(
  children: Children,
  assets: string,
  options: ControlPlaneOptions,
  kubeconfigFor: (user: Superuser) => string,
): void {
  for (const part of options.parts ?? []) {
    const kubeconfig = join(children.folder, `${part}.kubeconfig`)
    writeFileSync(kubeconfig, kubeconfigFor(part), { mode: 0o600 })
    const common = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0']
    if (part === 'controller-manager') {
      children.start(part, join(assets, 'kube-controller-manager'), [...common, '--controllers=*,-nodeipam'])
    } else if (part === 'scheduler') {
      children.start(part, join(assets, 'kube-scheduler'), common)
    } else {
      const stages = options.stages ?? fileURLToPath(new URL('kwok-stages.yaml', import.meta.url))
      children.start(part, join(assets, 'kwok'), [
        `--kubeconfig=${kubeconfig}`,
        `--config=${stages}`,
        '--manage-all-nodes=true',
        '--node-lease-duration-seconds=40',
      ])
    }
  }
}

async function compact(etcd: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<{ header: { revision: string } }> => {
    const answer = await fetch(`${etcd}${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${path}: ${await answer.text()}`)
    return JSON.parse(await answer.text())
  }
  const { header } = await post('/v3/kv/range', { key: Buffer.from('x').toString('base64') })
  await post('/v3/kv/compaction', { revision: header.revision, physical: true })
}

async function untilReady(client: ServerClient, apiServer: Child): Promise<void> {
  await untilThere(async () => {
    const { status } = await client.call('GET', '/readyz')
    if (status !== 200) throw new Error(`readyz answers ${status}`)
    // Made by the server itself a moment after it is ready; tests use it at once.
    const { status: there } = await client.call('GET', '/api/v1/namespaces/default')
    if (there !== 200) throw new Error('the namespace "default" is not there yet')
  }, apiServer)
}

async function untilThere<T>(ask: () => T | Promise<T>, child: Child, timeoutMs = 60_000): Promise<T> {
  const end = Date.now() + timeoutMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (child.exited || Date.now() > end) {
        throw new Error(`${child.name} did not become ready:\n${child.tail()}`, { cause: error })
      }
    }
    await sleep(50)
  }
}
