import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SUBSCRIPTIONS, type SubscriptionRecord } from '../../src/subscriptions/record.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { plainConnection } from '../harness/redis.ts'
import { createSubscriptionWorld, firstsOf, QUICK, type SubscriptionWorld, toldOf, upTo } from './world.ts'

describe('the process that delivers', needs('redis'), () => {
  let world: SubscriptionWorld
  const peers: HttpPeer[] = []
  async function peer(...args: Parameters<typeof startPeer>): Promise<HttpPeer> {
    const started = await startPeer(...args)
    peers.push(started)
    return started
  }
  beforeEach(async () => {
    world = await createSubscriptionWorld()
  })
  afterEach(async () => {
    await world?.stop()
    await Promise.all(peers.splice(0).map((one) => one.close()))
  })

  test('what was written while nobody delivered is delivered, and a pause goes on after a restart', async () => {
    const well = await peer()
    const failing = await peer((response) => response.writeHead(500).end())
    const id = await world.subscribe({ callback: well.url })
    const other = await world.subscribe({ callback: failing.url })
    for (let index = 0; index < 5; index++) await world.change('a')
    const hour = { firstMs: 3_600_000, mostMs: 3_600_000, windowMs: 86_400_000 }
    const first = world.deliver(hour)
    await eventually(() => expect(toldOf(well)).toEqual({ a: upTo(5) }))
    await eventually(async () => expect((await world.subscriptions.get(other)).delivery.consecutiveFailures).toBe(1))
    await first.stop()
    for (let index = 0; index < 5; index++) await world.change('a')
    world.deliver(hour)
    await eventually(() => expect(toldOf(well)).toEqual({ a: upTo(10) }))
    expect(failing.requests).toHaveLength(1)
    // A stop writes how far it is: nothing is repeated.
    expect(well.requests).toHaveLength(10)
    expect((await world.subscriptions.get(id)).delivery).toMatchObject({ consecutiveFailures: 0 })
  })

  test('of two processes one delivers; when it stops, the other one goes on', async () => {
    const well = await peer()
    await world.subscribe({ callback: well.url })
    const another = await world.another()
    const first = world.deliver()
    await world.change('a')
    await eventually(() => expect(toldOf(well)).toEqual({ a: [1] }))
    const second = world.deliver(QUICK, another)
    await world.change('a')
    await eventually(() => expect(toldOf(well)).toEqual({ a: upTo(2) }))
    await first.stop()
    await world.change('a')
    await eventually(() => expect(toldOf(well)).toEqual({ a: upTo(3) }))
    expect(well.requests).toHaveLength(3)
    await second.stop()
    await another.close()
  })

  test('one that was overtaken gives way, and nothing that it had written since counts', async () => {
    const well = await peer()
    await world.subscribe({ callback: well.url })
    world.deliver()
    await world.change('a')
    await eventually(() => expect(toldOf(well)).toEqual({ a: [1] }))
    // As a process would that takes the lease over from one that stands still.
    await world.store.outbox.takeEpoch()
    for (let index = 0; index < 10; index++) await world.change('a')
    // It takes the lease again, since nobody else wants it, and goes on from what is written.
    await eventually(async () => {
      expect(toldOf(well)).toEqual({ a: upTo(11) })
      expect([...(await world.store.outbox.lanes()).values()]).toEqual([await world.store.outbox.newest()])
    }, 10_000)
  })

  test('a Redis that dies and comes back loses nobody a notification', async () => {
    const well = await peer()
    await world.subscribe({ callback: well.url })
    world.deliver()
    for (let index = 0; index < 20; index++) await world.change('a')
    await world.redis.restart()
    for (let index = 0; index < 20; index++) await world.change('a')
    // On a busy disk a killed Redis may have lost what it wrote last: what is there counts.
    const numbers = await world.numbersOf('a')
    await eventually(() => {
      const told = toldOf(well).a ?? []
      expect(told.filter((number) => numbers.includes(number))).toEqual(numbers)
    }, 15_000)
  })

  test('what is written after Redis has forgotten its last second is told, though its positions come again', async () => {
    const well = await peer()
    const id = await world.subscribe({ callback: well.url })
    world.deliver()
    for (let index = 0; index < 10; index++) await world.change('a')
    await eventually(() => expect(toldOf(well)).toEqual({ a: upTo(10) }))
    await eventually(async () => expect([...(await world.store.outbox.lanes()).values()]).toEqual([10]))
    const redis = plainConnection(world.redis)
    const past = redis.multi().del('{o2ims}:outbox').hset('{o2ims}:outbox:state', 'newest', 5)
    await past.hset('{o2ims}:outbox:lanes', id, 5).exec()
    redis.disconnect()
    for (let index = 0; index < 3; index++) await world.change('a')
    await eventually(() => expect(toldOf(well)).toEqual({ a: upTo(13) }), 10_000)
  })

  test('a thousand subscriptions, most of them with filters as long as may be, cost each other nothing', async () => {
    const well = await peer()
    const filtered = await peer()
    const away = await peer(() => undefined)
    const long = '(neq,name,x);'.repeat(312)
    for (let index = 0; index < 950; index++)
      await world.subscribe({ callback: `${filtered.url}/${index}`, filter: `${long}(eq,name,pool-${index})` })
    for (let index = 0; index < 40; index++) await world.subscribe({ callback: `${away.url}/${index}` })
    for (let index = 0; index < 10; index++) await world.subscribe({ callback: `${well.url}/${index}` })
    for (let index = 0; index < 50; index++) await world.change(`pool-${index % 10}`)
    world.deliver()
    for (let index = 0; index < 50; index++) await world.change(`pool-${index % 10}`)
    await eventually(() => expect(firstsOf(well)).toHaveLength(1000), 60_000)
    await eventually(() => expect(firstsOf(filtered)).toHaveLength(100), 60_000)
    for (const { path, body } of filtered.requests)
      expect(`/${JSON.parse(body).postObjectState.name}`).toBe(path.replace('/', '/pool-'))
    // All that take anything at all are where the outbox ends, and those that do not hold only their own place.
    await eventually(async () => {
      const newest = await world.store.outbox.newest()
      const behind = [...(await world.store.outbox.lanes()).values()].filter((position) => position < newest)
      expect(behind).toHaveLength(40)
    }, 60_000)
  }, 180_000)

  test('a subscriber that was away for more than the outbox keeps is told how much it missed', async () => {
    const well = await peer()
    const id = await world.subscribe({ callback: well.url })
    for (let index = 0; index < 10; index++) await world.change('a')
    const redis = plainConnection(world.redis)
    await redis.xtrim('{o2ims}:outbox', 'MINID', '8-0').finally(() => redis.disconnect())
    world.deliver()
    await eventually(() => expect(toldOf(well)).toEqual({ a: [8, 9, 10] }))
    const { items } = await world.subscriptions.deadLetters(id, { limit: 10 })
    expect(items).toMatchObject([{ value: { lost: 7 } }])
    const record = await world.store.collection<SubscriptionRecord>(SUBSCRIPTIONS).get(id)
    expect(record?.value.deadLetters).toEqual({ first: 0, next: 1, lost: 7 })
  })
})
