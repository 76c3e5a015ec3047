import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Collection, Fenced } from '../../src/store/store.ts'
import { createLaneRecord } from '../../src/subscriptions/lane-record.ts'
import { SUBSCRIPTIONS, type SubscriptionRecord } from '../../src/subscriptions/record.ts'
import { needs } from '../harness/needs.ts'
import { silentLog } from '../harness/redis.ts'
import { createSubscriptionWorld, type SubscriptionWorld } from './world.ts'

const HOUR = { firstMs: 3_600_000, mostMs: 3_600_000, windowMs: 86_400_000 }
const FAILURE = { accepted: false, kind: 'status', reason: 'answered 500', status: 500 } as const
const LETTER = { givenUpAt: '2026-11-23T10:00:00Z', reason: 'answered 500' }

describe('what the store knows of a lane', needs('redis'), () => {
  let world: SubscriptionWorld
  let collection: Collection<SubscriptionRecord>
  beforeAll(async () => {
    world = await createSubscriptionWorld()
    collection = world.store.collection(SUBSCRIPTIONS)
  })
  afterAll(() => world?.stop())

  async function open(id: string, subscriptions = collection) {
    const epoch = await world.store.outbox.takeEpoch()
    const parts = { subscriptions, epoch, settings: HOUR, log: silentLog() }
    return createLaneRecord(await world.subscriptions.get(id), parts)
  }

  test('is changed by no process that was overtaken, nor are its dead letters', async () => {
    const id = await world.subscribe({ callback: 'http://127.0.0.1:1/a' })
    const old = await open(id)
    const now = await open(id)
    await now.giveUp([LETTER])
    const stands = await collection.get(id)
    await expect(old.failed(FAILURE)).rejects.toBeInstanceOf(Fenced)
    await expect(old.giveUp([{ ...LETTER, reason: 'late' }])).rejects.toBeInstanceOf(Fenced)
    expect(await collection.get(id)).toEqual(stands)
    expect(await now.deadLetter(0)).toEqual(LETTER)
    await now.failed(FAILURE)
    expect((await world.subscriptions.get(id)).delivery.consecutiveFailures).toBe(1)
  })

  test('keeps that somebody has ended the pause, also while it is written', async () => {
    const id = await world.subscribe({ callback: 'http://127.0.0.1:1/b' })
    let asked = false
    const lane = await open(id, {
      ...collection,
      async update(...args) {
        if (asked) await world.subscriptions.retry(id)
        return collection.update(...args)
      },
    })
    await lane.failed(FAILURE)
    expect(lane.delivery.nextAttemptAt).toBeDefined()
    asked = true
    await lane.failed(FAILURE)
    expect(lane.delivery).toMatchObject({ consecutiveFailures: 2 })
    expect(lane.delivery.nextAttemptAt).toBeUndefined()
    expect((await world.subscriptions.get(id)).delivery.nextAttemptAt).toBeUndefined()
  })
})
