import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { ServiceError } from '../errors.ts'
import { createKeptRecords } from '../store/kept-records.ts'
import { createReading } from '../store/reading.ts'
import { AlreadyExists, type Store, type Versioned } from '../store/store.ts'
import { looksLikeUuid } from '../uuid.ts'
import type { Cluster } from './cluster.ts'
import { createConnections } from './connections.ts'
import {
  cannotForgetOwn,
  cannotHandOut,
  checkOwnReplacement,
  notInside,
  type OwnCluster,
  registerOwn,
} from './in-cluster/own-cluster.ts'
import { readKubeconfig } from './kubernetes/kubeconfig.ts'
import { registerManaged } from './register-managed.ts'
import { checkNew, checkReplacement } from './registry-rules.ts'
import type { OCloud, OCloudInput, OCloudRegistry } from './registry-types.ts'
import { createStatusCache, lookAt } from './status.ts'
import {
  CHANGED,
  changedSince,
  createSealedKubeconfigs,
  inUse,
  nameTaken,
  notFound,
  OCLOUDS,
  openPart,
  refusalOf,
  type StoredOCloud,
} from './stored-ocloud.ts'

export interface RegistryParts {
  store: Store
  /** The O-Clouds that this service plays itself. `initialise` leaves alone what is there already; a cluster that a step made is as that step asked for. */
  simulated: {
    open(oCloudId: string): Cluster
    initialise(oCloudId: string, options?: { clusterName?: string }): Promise<void>
    destroy(oCloudId: string): Promise<void>
  }
  /** Opens a real cluster; both are secrets. `token` is asked for before each call, where that of the kubeconfig does not last. */
  connect: (oCloud: { oCloudId: string } & Access) => Cluster | Promise<Cluster>
  /** The cluster that this service runs in, where it is to be an O-Cloud. */
  own?: OwnCluster | undefined
  log: Logger
  statusCacheSeconds: number
}

interface Access {
  kubeconfig: string
  token?: () => string
}

const REQUESTS = 'provisioningRequest'
const MOST_KEPT = 2000

/** The registered O-Clouds: a record for each, its kubeconfig encrypted beside it, and one open connection in each process. */
export function createOCloudRegistry({
  store,
  simulated,
  connect,
  own,
  log,
  statusCacheSeconds,
}: RegistryParts): OCloudRegistry {
  const oClouds = store.collection<StoredOCloud>(OCLOUDS)
  const requests = store.collection<{ reference: string }>(REQUESTS)
  const connections = createConnections()
  const statuses = createStatusCache(statusCacheSeconds)

  const kubeconfigs = createSealedKubeconfigs(store.secrets)
  const targets = createKeptRecords(oClouds, {
    most: MOST_KEPT,
    make: ({ name, simulated: played }) => ({ name, simulated: played }),
    feed: store.feed,
  })
  const idsByName = new LRUCache<string, string>({ max: MOST_KEPT })
  const answer = ({ value, n }: Versioned<StoredOCloud>): Versioned<OCloud> => ({ value: openPart(value), n })

  async function read(oCloudId: string): Promise<Versioned<StoredOCloud>> {
    const stored = await oClouds.get(oCloudId)
    if (!stored) throw notFound(oCloudId)
    return stored
  }

  function connection(oCloud: StoredOCloud): Promise<Cluster> {
    const { oCloudId } = oCloud
    return connections.open(oCloudId, oCloud.sealed ?? '', async () => {
      const access = accessTo(oCloud)
      if (access !== undefined) return connect({ oCloudId, ...access })
      // Also makes up for a death between the record and its nodes.
      await initialise(oCloud)
      return simulated.open(oCloudId)
    })
  }

  const isOwn = ({ oCloudId }: StoredOCloud): boolean => oCloudId === own?.oCloudId

  /** Undefined on a simulated O-Cloud. */
  function accessTo(oCloud: StoredOCloud): Access | undefined {
    if (oCloud.simulated) return undefined
    if (own && isOwn(oCloud)) return { kubeconfig: own.account.kubeconfig(), token: own.account.token }
    const kubeconfig = kubeconfigs.open(oCloud)
    if (kubeconfig === undefined) throw notInside(oCloud.name)
    return { kubeconfig }
  }

  function credentialsOf(oCloud: StoredOCloud): string {
    const access = accessTo(oCloud)
    if (access !== undefined) return access.kubeconfig
    throw new ServiceError('NOT_FOUND', `O-Cloud ${oCloud.name} is simulated and has no kubeconfig`)
  }

  async function initialise({ oCloudId, simulated: played, managed, name }: StoredOCloud): Promise<void> {
    if (played) await simulated.initialise(oCloudId, managed ? { clusterName: name } : {})
  }

  /** Its maker still exists: the cluster goes with the request, or by its undo. */
  async function makerOf({ madeBy }: OCloud): Promise<string | undefined> {
    const request = madeBy && (await requests.get(madeBy.provisioningRequestId))
    return madeBy && request?.value.reference === madeBy.reference
      ? `${REQUESTS}:${madeBy.provisioningRequestId}`
      : undefined
  }

  /** Also called when there is no record: a death may have come between the two. */
  const clear = (oCloudId: string): Promise<void> => simulated.destroy(oCloudId)

  async function forget(oCloud: StoredOCloud, expected?: number): Promise<boolean> {
    const removed = await oClouds.remove(oCloud.oCloudId, expected, { events: CHANGED }).catch((error: unknown) => {
      throw refusalOf(error, oCloud.name)
    })
    if (oCloud.simulated) await clear(oCloud.oCloudId)
    log.info({ oCloudId: oCloud.oCloudId, name: oCloud.name }, 'O-Cloud removed')
    return removed
  }

  return {
    async create(input) {
      checkNew(input)
      if (input.kubeconfig !== undefined) readKubeconfig(input.kubeconfig)
      const oCloudId = randomUUID()
      const value: StoredOCloud = {
        oCloudId,
        ...described(input),
        simulated: input.simulated === true,
        managed: false,
        createdAt: new Date().toISOString(),
        ...(input.kubeconfig !== undefined && { sealed: kubeconfigs.seal(input.kubeconfig, oCloudId) }),
      }
      const stored = await oClouds
        .create(oCloudId, value, { unique: value.name, events: CHANGED })
        .catch((error: unknown) => {
          throw error instanceof AlreadyExists ? nameTaken(value.name) : error
        })
      await initialise(value)
      log.info({ oCloudId, name: value.name, simulated: value.simulated }, 'O-Cloud registered')
      return answer(stored)
    },

    get: async (oCloudId) => answer(await read(oCloudId)),

    async list(options) {
      const page = await oClouds.list(options)
      return { ...page, items: page.items.map((stored) => ({ ...stored, value: openPart(stored.value) })) }
    },

    async replace(oCloudId, input, expected) {
      if (input.kubeconfig !== undefined) readKubeconfig(input.kubeconfig)
      const sealed = input.kubeconfig === undefined ? undefined : kubeconfigs.seal(input.kubeconfig, oCloudId)
      const change = ({ value, n }: Versioned<StoredOCloud>) => {
        if (expected !== undefined && n !== expected) throw changedSince(value.name)
        checkReplacement(input, value)
        if (isOwn(value)) checkOwnReplacement(input, value)
        const { oCloudId: id, simulated: kind, managed, madeBy, createdAt } = value
        const next: StoredOCloud = {
          oCloudId: id,
          ...described(input),
          simulated: kind,
          managed,
          ...(madeBy && { madeBy }),
          createdAt,
          sealed: sealed ?? value.sealed,
        }
        return { value: next, alongside: { unique: next.name, events: CHANGED } }
      }
      const stored = await oClouds.update(oCloudId, change).catch((error: unknown) => {
        throw error instanceof AlreadyExists ? nameTaken(input.name) : refusalOf(error, input.name)
      })
      if (!stored) throw notFound(oCloudId)
      return answer(stored)
    },

    async remove(oCloudId, expected) {
      const stored = await oClouds.get(oCloudId)
      if (!stored) {
        await clear(oCloudId)
        throw notFound(oCloudId)
      }
      if (isOwn(stored.value)) throw cannotForgetOwn(stored.value.name)
      const maker = await makerOf(stored.value)
      if (maker !== undefined) throw inUse(stored.value.name, [maker])
      if (!(await forget(stored.value, expected))) throw notFound(oCloudId)
    },

    async resolve(idOrName, reading = createReading({ anew: true })) {
      // Every id is a UUID.
      if (looksLikeUuid(idOrName) && (await targets(idOrName, reading))) return idOrName
      // A name is part of the record and unique: as long as the record is the same, the name is its own and nobody else's.
      const isOf = async (id: string) => (await targets(id, reading))?.name === idOrName
      const known = idsByName.get(idOrName)
      if (known !== undefined && (await isOf(known))) return known
      const found = await oClouds.findUnique(idOrName)
      if (found === undefined || !(await isOf(found))) return undefined
      idsByName.set(idOrName, found)
      return found
    },

    async isSimulated(oCloudId, reading) {
      const target = await targets(oCloudId, reading)
      if (!target) throw notFound(oCloudId)
      return target.simulated
    },

    async status(oCloudId) {
      const { value } = await read(oCloudId)
      return statuses.get(oCloudId, value.sealed ?? '', () => lookAt(() => connection(value)))
    },

    open: async (oCloudId) => connection((await read(oCloudId)).value),

    async kubeconfig(oCloudId) {
      const { value } = await read(oCloudId)
      if (value.managed) return credentialsOf(value)
      throw new ServiceError(
        'FORBIDDEN',
        `O-Cloud ${value.name} was registered, not made here: its kubeconfig does not come back`,
      )
    },

    async credentials(oCloudId, use) {
      const { value } = await read(oCloudId)
      if (use === 'hand out' && isOwn(value)) throw cannotHandOut(value.name)
      return credentialsOf(value)
    },

    async registerOwn() {
      if (own) await registerOwn(own, oClouds, log)
    },

    async registerManaged(cluster) {
      const oCloud = await registerManaged(cluster, { oClouds, kubeconfigs, log })
      await initialise(oCloud)
      return oCloud.oCloudId
    },

    async unregister(oCloudId) {
      const stored = await oClouds.get(oCloudId)
      if (!stored) return clear(oCloudId)
      const { value } = stored
      if (!value.managed)
        throw new ServiceError('FORBIDDEN', `O-Cloud ${value.name} was registered by somebody else and stays`)
      await forget(value)
    },

    close: () => connections.close(),
  }
}

function described({ name, description, location, site, labels, endpoints, compliance }: OCloudInput) {
  return {
    name,
    ...(description !== undefined && { description }),
    ...(location && { location }),
    ...(site && { site }),
    labels: labels ?? {},
    ...(endpoints && { endpoints }),
    ...(compliance && { compliance }),
  }
}
