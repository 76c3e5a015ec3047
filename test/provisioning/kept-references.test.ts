import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOCloudRegistry } from '../../src/clusters/registry.ts'
import { createSimulatedClusters } from '../../src/clusters/simulated/simulated-clusters.ts'
import { createRequests, OCLOUDS, REQUESTS } from '../../src/provisioning/requests.ts'
import { createProvisioningService } from '../../src/provisioning/service.ts'
import { createTemplateCatalogue } from '../../src/provisioning/templates/catalogue.ts'
import { createQueues } from '../../src/queue/queues.ts'
import { KEYS } from '../../src/store/keys.ts'
import type { Store } from '../../src/store/store.ts'
import { needs } from '../harness/needs.ts'
import { silentLog } from '../harness/redis.ts'
import { createThings, thingTemplate } from '../harness/run.ts'
import { createTwoStores, type TwoStores } from '../store/two-stores.ts'

describe('a POST to a process that has kept template and O-Cloud, changed by another process', needs('redis'), () => {
  let stores: TwoStores
  let here: Process
  let elsewhere: Process
  let names = 0

  beforeAll(async () => {
    stores = await createTwoStores()
    here = startProcess(stores.store, stores.redis.url)
    elsewhere = startProcess(stores.other, stores.redis.url)
  })
  afterAll(async () => {
    await here?.stop()
    await elsewhere?.stop()
    await stores?.stop()
  })

  /** An O-Cloud and a template that only this test uses, both known here. */
  async function known() {
    const name = `edge-${++names}`
    const template = templateOf(`things-${names}`, 'first')
    await elsewhere.templates.publish(template)
    const { oCloudId } = (await elsewhere.oClouds.create({ name, simulated: true })).value
    const post = (oCloud: string) => here.post(`r-${++names}`, template.name, oCloud)
    await post(name)
    return { name, template, oCloudId, post }
  }

  it('goes where the name leads by now, when the O-Cloud was renamed and another one has its name', async () => {
    const { name, oCloudId, post } = await known()
    await elsewhere.oClouds.replace(oCloudId, { name: `${name}-old` })
    await expect(post(name)).rejects.toMatchObject({ code: 'TEMPLATE_PARAMETERS' })
    const { value: next } = await elsewhere.oClouds.create({ name, simulated: true })
    expect((await post(name)).oCloudIds).toEqual([next.oCloudId])
    expect((await post(`${name}-old`)).oCloudIds).toEqual([oCloudId])
    expect((await post(oCloudId)).oCloudIds).toEqual([oCloudId])
  })

  it('goes where both names lead after two O-Clouds have changed theirs, in the instant after', async () => {
    const { name, oCloudId, post } = await known()
    const { value: second } = await elsewhere.oClouds.create({ name: `${name}-b`, simulated: true })
    await post(`${name}-b`)
    const ids = [oCloudId, second.oCloudId]
    for (let round = 0; round < 5; round++) {
      const [a = '', b = ''] = round % 2 === 0 ? ids : ids.toReversed()
      await elsewhere.oClouds.replace(a, { name: `${name}-c` })
      await elsewhere.oClouds.replace(b, { name })
      await elsewhere.oClouds.replace(a, { name: `${name}-b` })
      const posted = await Promise.all([post(name), post(`${name}-b`)])
      expect(posted.map(({ oCloudIds }) => oCloudIds)).toEqual([[b], [a]])
    }
  })

  it('is refused when the O-Cloud was removed, and goes to the next one of its name', async () => {
    const { name, oCloudId, post } = await known()
    await here.forgetRequestsOn(oCloudId)
    await elsewhere.oClouds.remove(oCloudId)
    await expect(post(name)).rejects.toMatchObject({ code: 'TEMPLATE_PARAMETERS' })
    await expect(post(oCloudId)).rejects.toMatchObject({ code: 'TEMPLATE_PARAMETERS' })
    const { value: next } = await elsewhere.oClouds.create({ name, simulated: true })
    expect((await post(name)).oCloudIds).toEqual([next.oCloudId])
  })

  it('means the template that has its name by now, though that was written as often as the one before', async () => {
    const { name, oCloudId, template, post } = await known()
    await here.forgetRequestsOn(oCloudId)
    await elsewhere.templates.remove(template.name, template.version)
    await elsewhere.templates.publish(templateOf(template.name, 'second'))
    expect((await post(name)).parameters.one).toBe('second')
  })

  it('is no longer refused for what the template before did not allow', async () => {
    const { name, oCloudId, template } = await known()
    const post = () => here.post(`r-${++names}`, template.name, name, { more: 'x' })
    await expect(post()).rejects.toMatchObject({ code: 'TEMPLATE_PARAMETERS' })
    await here.forgetRequestsOn(oCloudId)
    await elsewhere.templates.remove(template.name, template.version)
    await expect(post()).rejects.toMatchObject({ code: 'UNKNOWN_TEMPLATE' })
    await elsewhere.templates.publish(templateOf(template.name, 'second', { more: { type: 'string' } }))
    expect((await post()).parameters).toMatchObject({ one: 'second', more: 'x' })
  })

  it('is accepted anew when the name goes to another O-Cloud between its check and its write', async () => {
    const { name, oCloudId, post } = await known()
    here.afterChecks = async () => {
      here.afterChecks = async () => undefined
      await elsewhere.oClouds.replace(oCloudId, { name: `${name}-old` })
      await elsewhere.oClouds.create({ name, simulated: true })
    }
    const next = await post(name)
    expect(next.oCloudIds).toEqual([await elsewhere.oClouds.resolve(name)])
    expect(next.oCloudIds).not.toEqual([oCloudId])
  })

  it('ends with UNAVAILABLE when its O-Cloud never stands still', async () => {
    const { name, oCloudId, post } = await known()
    let changes = 0
    here.afterChecks = async () => {
      await elsewhere.oClouds.replace(oCloudId, { name, description: `change ${++changes}` })
    }
    await expect(post(name)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    here.afterChecks = async () => undefined
    expect(changes).toBe(10)
    expect((await post(name)).oCloudIds).toEqual([oCloudId])
  })

  it('is not written again when the store fails in the middle of its write', async () => {
    const { name, post } = await known()
    let checks = 0
    here.afterChecks = async () => {
      checks += 1
    }
    const wishes = KEYS.wishes(REQUESTS)
    await stores.plainly(async (redis) => {
      await redis.rename(wishes, `${wishes}:aside`)
      await redis.set(wishes, 'this is no sorted set')
      await expect(post(name)).rejects.toMatchObject({ code: 'INTERNAL' })
      await redis.rename(`${wishes}:aside`, wishes)
    })
    here.afterChecks = async () => undefined
    expect(checks).toBe(1)
  })
})

function templateOf(name: string, one: string, more: Record<string, { type: string }> = {}) {
  const properties = { oCloud: { type: 'string', format: 'o-cloud' }, one: { type: 'string', default: one }, ...more }
  const parameterSchema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    required: ['oCloud'],
    properties,
  }
  const steps = [{ name: 'one', uses: 'thing', with: { thing: '{{ one }}', target: '{{ oCloud }}' } }]
  return { ...thingTemplate(['one'], { name }), steps, parameterSchema }
}

type Process = ReturnType<typeof startProcess>

/** What an API process has of all this. */
function startProcess(store: Store, url: string) {
  const log = silentLog()
  const connectProducer = () => new Redis(url, { maxRetriesPerRequest: null })
  const queues = createQueues({ connectProducer, prefix: '{o2ims}', log })
  const connect = () => Promise.reject(new Error('no real cluster takes part'))
  const simulated = createSimulatedClusters({ store, log })
  const oClouds = createOCloudRegistry({ store, simulated, connect, log, statusCacheSeconds: 1 })
  const stepRegistry = new Map([['thing', createThings().step]])
  const templates = createTemplateCatalogue({ store, stepRegistry, resolveOCloud: oClouds.resolve, log })
  const requests = createRequests(store)
  const service = createProvisioningService({
    store,
    requests,
    queues,
    catalogue: templates,
    oClouds: {
      async isSimulated(...asked) {
        const answer = await oClouds.isSimulated(...asked)
        await here.afterChecks()
        return answer
      },
    },
    secrets: store.secrets,
    planTimeoutMs: 1_000,
    log,
    clock: () => new Date(),
  })
  const here = {
    oClouds,
    templates,
    afterChecks: async (): Promise<void> => undefined,
    async post(provisioningRequestId: string, templateName: string, oCloud: string, more = {}) {
      const asked = { name: 'n', description: '', templateName, templateVersion: '1.0.0' }
      const data = { ...asked, provisioningRequestId, templateParameters: { oCloud, ...more } }
      return (await service.create({ data, canonical: false })).record
    },
    async forgetRequestsOn(oCloudId: string) {
      for (const user of await store.collection(OCLOUDS).referencedBy(oCloudId))
        await requests.collection.remove(user.slice(user.indexOf(':') + 1))
    },
    async stop() {
      await oClouds.close()
      await queues.close()
    },
  }
  return here
}
