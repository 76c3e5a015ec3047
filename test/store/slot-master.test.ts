import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore } from '../../src/store/create-store.ts'
import { KEYS } from '../../src/store/keys.ts'
import { inCluster } from '../../src/store/redis-address.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { silentLog } from '../harness/redis.ts'
import { type GroupMember, type RedisGroup, startCluster } from '../harness/redis-group.ts'

const parts = { key: randomBytes(32), log: silentLog() }

describe('the slot of our keys', needs('redis'), () => {
  let group: RedisGroup
  beforeAll(async () => {
    group = await startCluster()
  })
  afterAll(() => group?.stop())

  const idOf = async ({ redis }: GroupMember) => String(await redis.call('CLUSTER', 'MYID'))

  /** As `redis-cli --cluster reshard` does it; `halfway` is called when some keys are here and some are there. */
  async function moveSlot(from: GroupMember, to: GroupMember, halfway: () => Promise<void>): Promise<void> {
    const slot = await from.redis.cluster('KEYSLOT', KEYS.feed)
    const [fromId, toId] = await Promise.all([idOf(from), idOf(to)])
    await to.redis.call('CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', fromId)
    await from.redis.call('CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', toId)
    const keys = await from.redis.keys('*')
    const move = (some: string[]) =>
      from.redis.call('MIGRATE', '127.0.0.1', `${to.port}`, '', '0', '5000', 'AUTH', 'geheim', 'KEYS', ...some)
    await move(keys.slice(0, 2))
    await halfway()
    await move(keys.slice(2))
    for (const { redis } of [to, from]) await redis.call('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', toId)
  }

  it('is followed to another master; until all of it is there, writes are answered with "not now"', async () => {
    const store = await createStore({ ...parts, address: group.address })
    const heard: unknown[] = []
    store.feed.subscribe(
      'numbers',
      ({ data }) => heard.push(data),
      () => heard.push('gap'),
    )
    const numbers = store.collection<number>('numbers')
    const made = await numbers.create('a', 1, { events: [{ event: 'counted', data: 1 }] })
    const from = await group.master()
    const others = await Promise.all(
      group.members.map(async (member) => ((await member.redis.role())[0] === 'master' ? member : undefined)),
    )
    const to = others.find((member) => member !== undefined && member !== from)
    if (to === undefined) throw new Error('there is one master only')
    await moveSlot(from, to, async () => {
      await expect(numbers.replace('a', made.n, 2)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    })
    await eventually(async () => {
      const events = [{ event: 'counted', data: 2 }]
      expect(await numbers.update('a', () => ({ value: 2, alongside: { events } }))).toMatchObject({ value: 2 })
    })
    await eventually(() => expect(heard.filter((one) => one !== 'gap')).toEqual([1, 2]))
    await store.close()
  })

  it('is found by any node that answers, and its absence is said without the password', async () => {
    const [last] = group.members.slice(-1)
    const nodes = [
      { host: '127.0.0.1', port: 1 },
      { host: '127.0.0.1', port: last?.port ?? 0 },
    ]
    const url = 'redis://:geheim@nobody.invalid'
    await (await createStore({ ...parts, address: inCluster({ url }, nodes) })).close()
    const refused = createStore({ ...parts, address: inCluster({ url }, nodes.slice(0, 1)) })
    await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(refused).rejects.not.toThrow('geheim')
  })
})
