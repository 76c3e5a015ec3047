import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { streamEvents } from '../../src/provisioning/events.ts'
import { claimed, created, ended, fail, retried } from '../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord } from '../../src/provisioning/record.ts'
import { createRequests, type Requests } from '../../src/provisioning/requests.ts'
import type { StreamEvent } from '../../src/provisioning/service-types.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'
import { thingsAccepted, thingTemplate } from '../harness/run.ts'

let testStore: TestStore
let requests: Requests
const template = thingTemplate(['one'])
const clock = () => new Date()

beforeAll(async () => {
  testStore = await createTestStore()
  requests = createRequests(testStore.store)
  await testStore.store.collection('template').create('things/1.0.0', template)
})
afterAll(() => testStore.stop())

const post = (id: string) => requests.create(created(thingsAccepted(id, template, {}), crypto.randomUUID(), clock))
const start = (id: string) => requests.update(id, (record) => claimed(record, clock))
const end = (id: string) =>
  requests.update(id, (record) => ended(fail(record, { code: 'TIMEOUT', step: null, cause: 'x' }), clock))

async function collect(
  id: string,
  lastEventId?: string,
  signal = AbortSignal.timeout(5_000),
  onEvent: (event: StreamEvent) => void = () => undefined,
) {
  const events: StreamEvent[] = []
  const represent = ({ phase }: ProvisioningRecord) => ({ phase })
  for await (const event of streamEvents(
    id,
    { signal, represent, ...(lastEventId && { lastEventId }) },
    { requests, feed: testStore.store.feed },
  )) {
    events.push(event)
    onEvent(event)
  }
  return events
}

const names = (events: StreamEvent[]) => events.map((event) => event.event)

describe('the event stream of a request', () => {
  it('starts with a snapshot, tells each change as it happens, and closes after end', async () => {
    await post('a')
    let told = (): void => undefined
    const first = new Promise<void>((resolve) => {
      told = resolve
    })
    const following = collect('a', undefined, undefined, () => told())
    await first
    await start('a')
    await end('a')
    const events = await following
    expect(names(events)).toEqual(['snapshot', 'phase', 'phase', 'end'])
    expect(events[0]?.data).toEqual({ phase: 'PENDING' })
    expect(new Set(events.map((event) => event.id)).size).toBe(4)
  })

  it('on an ended request: snapshot and end; after the last id: end alone; after an earlier id: what was missed', async () => {
    await post('b')
    await start('b')
    await end('b')
    const events = await collect('b')
    expect(names(events)).toEqual(['snapshot', 'end'])
    expect(names(await collect('b', events[1]?.id))).toEqual(['end'])
    const { entries } = await requests.collection.log('b')
    expect(names(await collect('b', entries[0]?.id))).toEqual(['phase', 'phase', 'end'])
  })

  it('sends a snapshot when what the client missed was trimmed', async () => {
    await post('c')
    await start('c')
    await end('c')
    expect(names(await collect('c', '1-0'))).toEqual(['snapshot', 'end'])
  })

  it('sends a snapshot with its place in the log also to a client that names an id that was never given', async () => {
    await post('future')
    await start('future')
    await end('future')
    const { entries } = await requests.collection.log('future')
    const events = await collect('future', '9999999999999-0')
    expect(events.map(({ event, id }) => `${event} ${id}`)).toEqual([
      `snapshot ${entries.at(-2)?.id}`,
      `end ${entries.at(-1)?.id}`,
    ])
  })

  it('does not take the end of an earlier generation for its own', async () => {
    await post('d')
    await start('d')
    await end('d')
    const { entries } = await requests.collection.log('d')
    await requests.update('d', (record) => retried(record, clock))
    const stop = new AbortController()
    const seen: string[] = []
    const following = collect(
      'd',
      entries[0]?.id,
      AbortSignal.any([stop.signal, AbortSignal.timeout(5_000)]),
      ({ event, data }) => {
        seen.push(`${event} ${Object(data).provisioningPhase}`)
        if (seen.length === 3) stop.abort()
      },
    )
    await following
    expect(seen).toEqual(['phase PROGRESSING', 'phase FAILED', 'phase PENDING'])
  })

  it('tells a client that the request is gone', async () => {
    await post('e')
    const following = collect('e', undefined, undefined, () => {
      void requests.collection.remove('e', undefined, { events: [{ event: 'end', data: { deleted: true } }] })
    })
    const events = await following
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { deleted: true } })
  })
})
