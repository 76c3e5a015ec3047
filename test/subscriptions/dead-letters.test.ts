import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MOST_DEAD_LETTERS, withMore } from '../../src/subscriptions/dead-letter-range.ts'
import { SUBSCRIPTIONS, type SubscriptionRecord } from '../../src/subscriptions/record.ts'
import { eventually } from '../harness/eventually.ts'
import { type HttpPeer, startPeer } from '../harness/http-peer.ts'
import { needs } from '../harness/needs.ts'
import { createSubscriptionWorld, QUICK, type SubscriptionWorld, toldOf, upTo } from './world.ts'

describe('notifications that were given up', needs('redis'), () => {
  let world: SubscriptionWorld
  let peer: HttpPeer
  /** What the subscriber answers. */
  let status: (body: string) => number
  beforeEach(async () => {
    world = await createSubscriptionWorld()
    status = () => 204
    peer = await startPeer((response, index) => response.writeHead(status(peer.requests[index]?.body ?? '')).end())
  })
  afterEach(async () => {
    await world?.stop()
    await peer?.close()
  })

  const letters = async (id: string) => (await world.subscriptions.deadLetters(id, { limit: 100 })).items
  const healthOf = async (id: string) => {
    const [found] = await world.subscriptions.withHealth([await world.subscriptions.get(id)])
    return found?.health
  }

  test('an unreachable subscriber: what has waited through the window is kept with its reason, the rest is still tried', async () => {
    status = () => 503
    const id = await world.subscribe({ callback: peer.url, consumerSubscriptionId: 'mine' })
    for (let index = 0; index < 3; index++) await world.change('a')
    const deliverer = world.deliver({ ...QUICK, windowMs: 400 })
    await eventually(async () => expect(await letters(id)).toHaveLength(3))
    const [first, second] = await letters(id)
    expect(first?.value).toMatchObject({ reason: 'answered 503' })
    expect(first?.value.notification).toMatchObject({
      consumerSubscriptionId: 'mine',
      postObjectState: { description: '1' },
    })
    expect(second?.value.notification).toMatchObject({ postObjectState: { description: '2' } })
    expect(first?.value.notificationId).not.toBe(second?.value.notificationId)
    await eventually(async () => {
      const health = await healthOf(id)
      expect(health).toMatchObject({ state: 'GIVEN_UP', deadLetters: { kept: 3, lost: 0 }, lag: { changes: 0 } })
      expect(health).not.toHaveProperty('nextAttemptAt')
    })
    // Only the first one was ever tried: whoever is away is not asked for each.
    expect(toldOf(peer)).toEqual({ a: [1] })
    await deliverer.stop()
    world.deliver()
    status = () => 204
    await world.change('a')
    await eventually(() => expect(toldOf(peer).a).toEqual([1, 4]))
    await eventually(async () => expect(await healthOf(id)).toMatchObject({ state: 'OK', deadLetters: { kept: 3 } }))
  })

  test('a notification that its subscriber refuses is given up alone, and the next one is tried at once', async () => {
    status = (body) => (JSON.parse(body).postObjectState.description === '2' ? 400 : 204)
    world.deliver({ ...QUICK, windowMs: 300 })
    const id = await world.subscribe({ callback: peer.url })
    for (let index = 0; index < 4; index++) await world.change('a')
    await eventually(() => expect(toldOf(peer)).toEqual({ a: upTo(4) }))
    expect(await letters(id)).toMatchObject([{ value: { notification: { postObjectState: { description: '2' } } } }])
  })

  test('a replay sends them again, oldest first, under their old ids and before anything newer', async () => {
    status = () => 503
    world.deliver({ ...QUICK, windowMs: 200 })
    const id = await world.subscribe({ callback: peer.url })
    for (let index = 0; index < 3; index++) await world.change('a')
    await eventually(async () => expect(await letters(id)).toHaveLength(3))
    const ids = (await letters(id)).map(({ value }) => `"${value.notificationId}"`)
    peer.requests.splice(0)
    status = () => 204
    expect((await world.subscriptions.replay(id)).replayTo).toBe(3)
    await eventually(() => expect(peer.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(ids))
    await eventually(async () => {
      expect(await letters(id)).toEqual([])
      expect(await healthOf(id)).toMatchObject({ state: 'OK', replaying: false, deadLetters: { kept: 0, lost: 0 } })
    })
  })

  test('a replay that fails ends, and what it did not deliver stays', async () => {
    status = () => 503
    world.deliver({ ...QUICK, windowMs: 200 })
    const id = await world.subscribe({ callback: peer.url })
    for (let index = 0; index < 3; index++) await world.change('a')
    await eventually(async () => expect(await letters(id)).toHaveLength(3))
    status = (body) => (JSON.parse(body).postObjectState.description === '2' ? 500 : 204)
    await world.subscriptions.replay(id)
    await eventually(async () =>
      expect(await healthOf(id)).toMatchObject({ replaying: false, deadLetters: { kept: 2 } }),
    )
    await world.subscriptions.forgetDeadLetters(id)
    expect(await letters(id)).toEqual([])
    expect((await world.subscriptions.replay(id)).replayTo).toBeUndefined()
  })

  test('a pause of an hour ends at once when somebody asks', async () => {
    status = () => 500
    world.deliver({ firstMs: 3_600_000, mostMs: 3_600_000, windowMs: 86_400_000 })
    const id = await world.subscribe({ callback: peer.url })
    await world.change('a')
    await eventually(async () => expect((await healthOf(id))?.consecutiveFailures).toBe(1))
    status = () => 204
    await world.subscriptions.retry(id)
    await eventually(() => expect(peer.requests).toHaveLength(2))
    await eventually(async () => expect(await healthOf(id)).toMatchObject({ state: 'OK', consecutiveFailures: 0 }))
  })

  test('only the newest are kept, in pages, and the others are counted', async () => {
    const id = await world.subscribe({ callback: peer.url })
    const collection = world.store.collection<SubscriptionRecord>(SUBSCRIPTIONS)
    for (let index = 0; index < MOST_DEAD_LETTERS + 5; index++)
      await collection.attach(id, `deadLetter:${index % MOST_DEAD_LETTERS}`, JSON.stringify({ reason: `${index}` }))
    await collection.update(id, ({ value }) => ({
      value: { ...value, deadLetters: withMore(value.deadLetters, MOST_DEAD_LETTERS + 5) },
    }))
    expect(await healthOf(id)).toMatchObject({ deadLetters: { kept: MOST_DEAD_LETTERS, lost: 5 } })
    const reasons: string[] = []
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await world.subscriptions.deadLetters(id, { after, limit: 300 })
      reasons.push(...page.items.map(({ value }) => value.reason))
      after = page.next
    }
    expect(reasons).toEqual(upTo(MOST_DEAD_LETTERS).map((number) => String(number + 4)))
  })
})
