import type { Logger } from 'pino'
import type { Cluster } from '../cluster.ts'
import { stringAt } from '../fields.ts'
import { FIELD_MANAGER } from '../ownership.ts'
import { addressOf, collectionPath, createUnserved, nameOf, objectPath, selectors } from './address.ts'
import { createConnection, DEFAULT_TIMEOUTS, type Timeouts } from './connection.ts'
import { createDiscovery } from './discovery.ts'
import { readKubeconfig, withToken } from './kubeconfig.ts'
import { listObjects, objectOf } from './list.ts'
import { podLogs } from './logs.ts'
import { isNotFound, refusalOf } from './refusal.ts'
import { withStartCheck } from './start-check.ts'
import { watchObjects } from './watch.ts'
import { createWrites } from './writes.ts'

export interface KubernetesClusterParts {
  oCloudId: string
  /** Secret. */
  kubeconfig: string
  /** Asked before each call, where the token of the kubeconfig does not last. Secret. */
  token?: () => string
  log: Logger
  timeouts?: Partial<Timeouts>
  /** Who applies; default: this service. */
  fieldManager?: string
}

/**
 * The `kubernetes` driver of the cluster port: any API server that a kubeconfig reaches. Opens no connection until it is used.
 * @throws ServiceError INVALID_KUBECONFIG
 */
export function createKubernetesCluster({
  oCloudId,
  kubeconfig,
  token,
  log,
  timeouts,
  fieldManager = FIELD_MANAGER,
}: KubernetesClusterParts): Cluster {
  const limits = { ...DEFAULT_TIMEOUTS, ...timeouts }
  const target = withToken(readKubeconfig(kubeconfig), token)
  const connection = withStartCheck(createConnection(target, limits))
  const discovery = createDiscovery(connection)
  const unserved = createUnserved(discovery)
  return {
    oCloudId,
    simulated: false,
    endpoint: target.origin + target.basePath,
    ...createWrites(connection, discovery, fieldManager),
    async version({ signal } = {}) {
      const answer = await connection.call({ method: 'GET', path: '/version' }, signal)
      if (answer.status !== 200) throw refusalOf(answer, { what: 'The version of the API server' })
      return stringAt(answer.body, 'gitVersion') ?? 'unknown'
    },
    async get(ref, { signal } = {}) {
      const address = await discovery.find(ref, { signal })
      if (address === undefined) return undefined
      const answer = await connection.call({ method: 'GET', path: objectPath(address, ref) }, signal)
      if (isNotFound(answer)) return undefined
      if (answer.status !== 200) throw refusalOf(answer, { what: nameOf(ref) })
      return objectOf(answer.body, ref)
    },
    async list(kind, selection = {}, { signal } = {}) {
      const address = await addressOf(discovery, kind, { signal })
      const path = collectionPath(address, selection.namespace)
      return (await listObjects({ connection, kind, unserved }, path, selectors(selection), signal)).objects
    },
    watch(kind, selection, signal, options = {}) {
      const locate = async () => collectionPath(await addressOf(discovery, kind, { signal }), selection.namespace)
      const query = selectors(selection)
      return watchObjects({ connection, locate, unserved, query, kind, timeouts: limits, options, log, signal })
    },
    async scope(kind, { signal } = {}) {
      const address = await discovery.find(kind, { signal })
      if (address === undefined) return undefined
      return address.namespaced ? 'Namespaced' : 'Cluster'
    },
    logs: (pod, options = {}) => podLogs(connection, pod, options, limits.callMs),
    close: () => connection.close(),
  }
}
