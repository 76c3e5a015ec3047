import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { KEYS } from '../../src/store/keys.ts'
import { behindSentinels, inCluster, type RedisAddress } from '../../src/store/redis-address.ts'
import { findRedisBinary } from '../../src/store/redis-binary.ts'
import { type Child, type Children, createChildren, freePorts } from './children.ts'
import { eventually } from './eventually.ts'
import { startRedis } from './redis.ts'

const HOST = '127.0.0.1'
const PASSWORD = 'geheim'
const SENTINEL_PASSWORD = 'wachsam'
const MASTER_NAME = 'o2ims'
const SLOTS = 16_384
const READY_MS = 30_000

/** Redis servers that act as one. */
export interface RedisGroup {
  address: RedisAddress
  /** What the service is told of it. */
  env: Record<string, string>
  /** The server that has our keys now. */
  master(): Promise<GroupMember>
  /** All servers that have data, dead ones too. */
  members: readonly GroupMember[]
  /** Makes a replica of our keys the master, as an operator does who wants to stop the master. */
  failOver(): Promise<void>
  stop(): Promise<void>
}

/** From now on the master's writes reach nobody: what it still answers is lost when it dies. */
export async function cutReplication({ master, members }: RedisGroup): Promise<void> {
  const { redis } = await master()
  await Promise.all(members.map((member) => member.redis.config('SET', 'masterauth', 'wrong')))
  await redis.call('CLIENT', 'KILL', 'TYPE', 'replica')
}

export interface GroupMember {
  port: number
  child: Child
  /** With the rights of an administrator. */
  redis: Redis
}

/** One server, which nobody stands in for. */
export async function startSingle(): Promise<RedisGroup> {
  const server = await startRedis()
  const redis = adminOf(server.port)
  const child = {
    name: 'redis',
    pid: server.pid(),
    exited: false,
    kill: server.kill,
    signal: (signal: NodeJS.Signals) => void process.kill(server.pid(), signal),
    tail: () => '',
  }
  const member = { port: server.port, child, redis }
  return {
    address: { url: server.url },
    env: { REDIS_URL: server.url },
    master: async () => member,
    members: [member],
    failOver: async () => undefined,
    async stop() {
      redis.disconnect()
      await server.stop()
    },
  }
}

/** A master, two replicas and three Sentinels, with passwords. */
export async function startSentinel(): Promise<RedisGroup> {
  const children = createChildren('o2ims-sentinel-')
  const ports = await freePorts(6)
  const [first = 0, ...replicas] = ports.slice(0, 3)
  const access = ['--requirepass', PASSWORD, '--masterauth', PASSWORD]
  const members = [startMember(children, first, access)]
  for (const port of replicas) members.push(startMember(children, port, [...access, '--replicaof', HOST, `${first}`]))
  await eventually(async () => {
    for (const { redis } of members.slice(1)) {
      if (!/master_link_status:up/.test(await redis.info('replication'))) throw new Error('a replica has no master')
    }
  }, READY_MS)
  const sentinels = ports.slice(3)
  for (const port of sentinels) {
    const file = join(children.folder, `sentinel-${port}.conf`)
    const settings = [
      `port ${port}`,
      `bind ${HOST}`,
      `dir ${children.folder}`,
      `requirepass ${SENTINEL_PASSWORD}`,
      `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
      `sentinel monitor ${MASTER_NAME} ${HOST} ${first} 2`,
      `sentinel auth-pass ${MASTER_NAME} ${PASSWORD}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
      `sentinel failover-timeout ${MASTER_NAME} 5000`,
    ]
    writeFileSync(file, `${settings.join('\n')}\n`)
    children.start(`sentinel-${port}`, binary(), [file, '--sentinel'])
  }
  const watchers = sentinels.map((port) => adminOf(port, SENTINEL_PASSWORD))
  await eventually(async () => {
    for (const watcher of watchers) {
      const about = await watcher.call('SENTINEL', 'CKQUORUM', MASTER_NAME)
      const replicasOf = await watcher.call('SENTINEL', 'REPLICAS', MASTER_NAME)
      if (!String(about).includes('3 usable') || !Array.isArray(replicasOf) || replicasOf.length < 2)
        throw new Error(`a Sentinel does not know all: ${about}`)
    }
  }, READY_MS)
  const url = `redis://:${PASSWORD}@nobody.invalid`
  const nodes = sentinels.map((port) => ({ host: HOST, port }))
  return {
    address: behindSentinels({ url }, { nodes, master: MASTER_NAME, password: SENTINEL_PASSWORD }),
    env: {
      REDIS_URL: url,
      REDIS_SENTINELS: sentinels.map((port) => `${HOST}:${port}`).join(),
      REDIS_SENTINEL_MASTER: MASTER_NAME,
      REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD,
    },
    master: () => masterAmong(members),
    members,
    async failOver() {
      await watchers[0]?.call('SENTINEL', 'FAILOVER', MASTER_NAME)
    },
    async stop() {
      for (const watcher of watchers) watcher.disconnect()
      await stop(children, members)
    },
  }
}

/** Three masters with a replica each, with passwords. */
export async function startCluster(): Promise<RedisGroup> {
  const children = createChildren('o2ims-cluster-')
  const ports = await freePorts(12)
  const access = ['--requirepass', PASSWORD, '--masterauth', PASSWORD]
  const members = ports
    .slice(0, 6)
    .map((port, index) =>
      startMember(children, port, [
        ...access,
        ...['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`],
        ...['--cluster-port', `${ports[index + 6]}`, '--cluster-node-timeout', '1500'],
      ]),
    )
  const masters = members.slice(0, 3)
  const bounds = [0, 1, 2, 3].map((part) => Math.floor((SLOTS * part) / 3))
  for (const [index, { redis }] of members.entries()) {
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`)
    const [from = 0, to = 0] = bounds.slice(index)
    if (index < 3) await redis.call('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to - 1}`)
    if (index > 0) await redis.call('CLUSTER', 'MEET', HOST, `${ports[0]}`, `${ports[6]}`)
  }
  await eventually(async () => {
    for (const { redis } of members) {
      if (!/cluster_known_nodes:6/.test(await redis.cluster('INFO'))) throw new Error('the nodes have not met')
    }
  }, READY_MS)
  for (const [index, { redis }] of masters.entries()) {
    const id = String(await redis.call('CLUSTER', 'MYID'))
    await members[index + 3]?.redis.cluster('REPLICATE', id)
  }
  await eventually(async () => {
    for (const { redis } of members.slice(3)) {
      if (!/master_link_status:up/.test(await redis.info('replication'))) throw new Error('a replica has no master')
    }
    for (const { redis } of members) {
      if (!/cluster_state:ok/.test(await redis.cluster('INFO'))) throw new Error('the cluster is not ready')
    }
  }, READY_MS)
  const slot = Number(await members[0]?.redis.cluster('KEYSLOT', KEYS.feed))
  const owners = members.filter((_, index) => {
    const part = bounds.findLastIndex((bound) => bound <= slot)
    return index % 3 === part
  })
  const url = `redis://:${PASSWORD}@nobody.invalid`
  const cluster = ports.slice(0, 6).map((port) => ({ host: HOST, port }))
  return {
    address: inCluster({ url }, cluster),
    env: { REDIS_URL: url, REDIS_CLUSTER_NODES: cluster.map(({ host, port }) => `${host}:${port}`).join() },
    master: () => masterAmong(owners),
    members,
    async failOver() {
      const { port } = await masterAmong(owners)
      await owners.find((owner) => owner.port !== port)?.redis.cluster('FAILOVER')
    },
    stop: () => stop(children, members),
  }
}

function startMember(children: Children, port: number, more: string[]): GroupMember {
  const listen = ['--port', `${port}`, '--bind', HOST, '--dir', children.folder, '--appenddirname', `aof-${port}`]
  const data = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--dbfilename', `${port}.rdb`]
  const quick = ['--repl-diskless-sync-delay', '0']
  const child = children.start(`redis-${port}`, binary(), [...listen, ...data, ...quick, ...more])
  return { port, child, redis: adminOf(port, PASSWORD) }
}

async function masterAmong(members: readonly GroupMember[]): Promise<GroupMember> {
  for (const member of members.filter(({ child }) => !child.exited)) {
    const [role] = await member.redis.role()
    if (role === 'master') return member
  }
  throw new Error('no master is there')
}

async function stop(children: Children, members: readonly GroupMember[]): Promise<void> {
  for (const { redis } of members) redis.disconnect()
  await children.stop()
}

function adminOf(port: number, password?: string): Redis {
  const redis = new Redis({ host: HOST, port, protocol: 2, ...(password !== undefined && { password }) })
  // It may be killed, or not be up yet.
  redis.on('error', () => undefined)
  return redis
}

function binary(): string {
  const found = findRedisBinary()
  if (found === undefined) throw new Error('these tests need redis-server or valkey-server on the PATH')
  return found
}
