import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { REQUESTS, type Requests } from '../../src/provisioning/requests.ts'
import { createProvisioningService } from '../../src/provisioning/service.ts'
import type { ProvisioningService } from '../../src/provisioning/service-types.ts'
import { createQueues, type Queues } from '../../src/queue/queues.ts'
import { KEYS } from '../../src/store/keys.ts'
import { AlreadyExists } from '../../src/store/store.ts'
import { needs } from '../harness/needs.ts'
import { plainConnection, silentLog } from '../harness/redis.ts'
import { startThingRuns, THREE_THINGS, type ThingRuns } from '../harness/run.ts'

describe('a new request that the store does not simply take', needs('redis'), () => {
  let run: ThingRuns
  let queues: Queues
  let count = 0
  /** What happens in place of the write. */
  let create: Requests['create']
  let refusal: Error | undefined
  let service: ProvisioningService
  const logged: string[] = []

  beforeAll(async () => {
    run = await startThingRuns()
    const { redis, store } = run.testStore
    const connectProducer = () => new Redis(redis.url, { maxRetriesPerRequest: null })
    queues = createQueues({ connectProducer, prefix: '{o2ims}', log: silentLog() })
    service = createProvisioningService({
      ...run.parts,
      store,
      queues,
      requests: { ...run.requests, create: (...write) => create(...write) },
      catalogue: {
        ...run.parts.catalogue,
        async accept(_template, parameters) {
          if (refusal) throw refusal
          return { parameters, secrets: undefined, oCloudIds: [] }
        },
      },
      oClouds: { isSimulated: async () => true },
      secrets: store.secrets,
      planTimeoutMs: 1_000,
      log: pino({}, { write: (line: string) => logged.push(line) }),
    })
  })
  afterAll(async () => {
    await queues?.close()
    await run?.stop()
  })
  beforeEach(() => {
    create = run.requests.create
    refusal = undefined
    logged.length = 0
  })

  const idOf = () => `new-${++count}`
  const post = (provisioningRequestId: string, { canonical = false, name = 'n' } = {}) => {
    const template = { templateName: 'things', templateVersion: '1.0.0', templateParameters: THREE_THINGS }
    return service.create({ data: { provisioningRequestId, name, description: '', ...template }, canonical })
  }
  const away = () => new ServiceError('UNAVAILABLE', 'the store does not answer (Command timed out)', { retryAfter: 2 })

  it.each([true, false])('is there when only the answer to its write was lost (canonical: %s)', async (canonical) => {
    create = async (...write) => {
      await run.requests.create(...write)
      throw away()
    }
    const id = idOf()
    const { record, created } = await post(id, { canonical })
    expect(created).toBe(true)
    expect(record).toEqual(await run.requests.get(id))
  })

  it('is there when the write was sent once more, and met itself', async () => {
    create = async (...write) => {
      await run.requests.create(...write)
      return run.requests.create(...write)
    }
    expect((await post(idOf(), { canonical: true })).created).toBe(true)
  })

  it('is not there when the store was away', async () => {
    create = async () => {
      throw away()
    }
    await expect(post(idOf())).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 2 })
  })

  it('is told nothing but that its id is known, also when it would be refused or the store is away', async () => {
    const id = idOf()
    const { record } = await post(id)
    const known = { code: 'ALREADY_EXISTS' }
    const tellsOnly = async () => {
      expect(await post(id)).toEqual({ record, created: false })
      await expect(post(id, { name: 'other' })).rejects.toMatchObject(known)
      await expect(post(id, { canonical: true })).rejects.toMatchObject(known)
    }
    await tellsOnly()
    create = async () => {
      throw away()
    }
    await tellsOnly()
    refusal = new ServiceError('TEMPLATE_PARAMETERS', '1 value is wrong')
    await tellsOnly()
    await expect(post(idOf())).rejects.toMatchObject({ code: 'TEMPLATE_PARAMETERS' })
  })

  it('may be tried again when the one that it met was removed at that instant', async () => {
    create = async () => {
      throw new AlreadyExists('known')
    }
    await expect(post(idOf())).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 })
  })

  it.each([true, false])(
    'is no success when the store fails in the middle of its write (canonical: %s)',
    async (canonical) => {
      const id = idOf()
      const redis = plainConnection(run.testStore.redis)
      const wishes = KEYS.wishes(REQUESTS)
      await redis.rename(wishes, `${wishes}:aside`)
      await redis.set(wishes, 'this is no sorted set')
      try {
        for (let tries = 0; tries < 2; tries++) {
          await expect(post(id, { canonical })).rejects.toMatchObject({ code: 'INTERNAL' })
          expect(await run.requests.find(id)).toBeDefined()
          expect(logged).toHaveLength(tries + 1)
          expect(JSON.parse(logged.at(-1) ?? '')).toMatchObject({
            level: 50,
            provisioningRequestId: id,
            cause: expect.stringContaining('WRONGTYPE'),
          })
        }
      } finally {
        await redis.rename(`${wishes}:aside`, wishes)
        redis.disconnect()
      }
      expect((await post(id, { canonical })).created).toBe(true)
    },
  )
})
