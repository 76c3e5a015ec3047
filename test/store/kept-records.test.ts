import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeptRecords } from '../../src/store/kept-records.ts'
import { createReading } from '../../src/store/reading.ts'
import { ChangedReference, type Feed, MissingReference } from '../../src/store/store.ts'
import { needs } from '../harness/needs.ts'
import { createTwoStores, type TwoStores } from './two-stores.ts'

describe('records that a process keeps', needs('redis'), () => {
  let stores: TwoStores
  let names = 0

  beforeAll(async () => {
    stores = await createTwoStores()
  })
  afterAll(() => stores?.stop())

  /** A collection, what another process has of it, and what is kept of it here; `asked` counts the questions to the store. */
  function kept({ most = 10 } = {}) {
    const collection = stores.store.collection<{ text: string }>(`kept${++names}`)
    const counted = { asked: 0 }
    const peek: typeof collection.peek = (id) => {
      counted.asked += 1
      return collection.peek(id)
    }
    const { name } = collection
    let lost = (): void => undefined
    const feed: Pick<Feed, 'subscribe'> = {
      subscribe(_topic, _onEntry, onGap) {
        lost = onGap
        return () => undefined
      },
    }
    const make = ({ text }: { text: string }) => ({ shouted: text.toUpperCase() })
    const find = createKeptRecords({ name, peek }, { most, make, feed })
    return { lost: () => lost(), collection, elsewhere: stores.other.collection<{ text: string }>(name), find, counted }
  }
  const trusting = () => createReading({ anew: false })
  const anew = () => createReading({ anew: true })

  it('are not asked for again, unless they are to be read anew; and then once in a reading', async () => {
    const { collection, find, counted } = kept()
    await collection.create('a', { text: 'one' })
    const first = trusting()
    expect(await find('a', first)).toEqual({ shouted: 'ONE' })
    expect([counted.asked, first.tookKept]).toEqual([1, false])
    const second = trusting()
    expect(await find('a', second)).toEqual({ shouted: 'ONE' })
    expect([counted.asked, second.tookKept]).toEqual([1, true])
    const third = anew()
    await find('a', third)
    await find('a', third)
    expect([counted.asked, third.tookKept]).toEqual([2, false])
  })

  it('are asked for each time while there are none', async () => {
    const { elsewhere, find, counted } = kept()
    expect(await find('a', trusting())).toBeUndefined()
    await elsewhere.create('a', { text: 'one' })
    expect(await find('a', trusting())).toEqual({ shouted: 'ONE' })
    await elsewhere.remove('a')
    expect(await find('a', anew())).toBeUndefined()
    expect(await find('a', trusting())).toBeUndefined()
    expect(counted.asked).toBe(4)
  })

  it('are asked for again after the feed has lost something', async () => {
    const { collection, find, counted, lost } = kept()
    await collection.create('a', { text: 'one' })
    await find('a', trusting())
    lost()
    await find('a', trusting())
    expect(counted.asked).toBe(2)
  })

  it('are so many at most', async () => {
    const { collection, find, counted } = kept({ most: 2 })
    for (const id of ['a', 'b', 'c']) await collection.create(id, { text: id })
    for (const id of ['a', 'b', 'c', 'a']) await find(id, trusting())
    expect(counted.asked).toBe(4)
    await find('c', trusting())
    expect(counted.asked).toBe(4)
  })

  it('are compared by the write, in which nothing is written when one was written to, or removed and made anew', async () => {
    const { collection, elsewhere, find } = kept()
    const users = stores.store.collection<object>(`users${names}`)
    const use = async (id: string) => {
      const reading = trusting()
      await find('a', reading)
      await users.create(id, {}, { references: [reading.marked({ collection: collection.name, id: 'a' })] })
    }
    await elsewhere.create('a', { text: 'one' })
    await use('u-1')
    await elsewhere.update('a', () => ({ value: { text: 'two' } }))
    await expect(use('u-2')).rejects.toBeInstanceOf(ChangedReference)
    expect(await users.get('u-2')).toBeUndefined()
    await find('a', anew())
    await use('u-2')
    for (const id of ['u-1', 'u-2']) await users.remove(id)
    await elsewhere.remove('a')
    await expect(use('u-3')).rejects.toBeInstanceOf(MissingReference)
    await elsewhere.create('a', { text: 'three' })
    await elsewhere.update('a', () => ({ value: { text: 'four' } }))
    await expect(use('u-3')).rejects.toBeInstanceOf(ChangedReference)
    expect(await find('a', anew())).toEqual({ shouted: 'FOUR' })
    await use('u-3')
  })

  it('are compared with what was seen of them first, when two readings of one write saw different things', async () => {
    const { collection, elsewhere, find } = kept()
    await collection.create('a', { text: 'one' })
    const reading = anew()
    expect(await find('a', reading)).toEqual({ shouted: 'ONE' })
    await elsewhere.update('a', () => ({ value: { text: 'two' } }))
    expect(await find('a', anew())).toEqual({ shouted: 'TWO' })
    expect(await find('a', reading)).toEqual({ shouted: 'TWO' })
    const references = [reading.marked({ collection: collection.name, id: 'a' })]
    const users = stores.store.collection<object>(`users${names}`)
    await expect(users.create('u', {}, { references })).rejects.toBeInstanceOf(ChangedReference)
  })
})
