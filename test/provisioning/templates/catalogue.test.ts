import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/json.ts'
import { STEPS } from '../../../src/provisioning/steps/registry.ts'
import { createTemplateCatalogue } from '../../../src/provisioning/templates/catalogue.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import type { Store } from '../../../src/store/store.ts'
import { needs } from '../../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../../harness/redis.ts'

const ID = '6f0c2d8e-4d0b-4a55-9b7e-3b1f0f7c2a10'

function sample(version: string, properties: JsonObject = { oCloud: { type: 'string', format: 'o-cloud' } }): Template {
  return {
    name: 'sample',
    version,
    description: 'reports',
    result: 'resources',
    timeoutSeconds: 60,
    parameterSchema: { type: 'object', additionalProperties: false, properties },
    steps: [{ name: 'report', uses: 'report' }],
  }
}

describe('the template catalogue', needs('redis'), () => {
  let redis: TestStore
  beforeAll(async () => {
    redis = await createTestStore()
  })
  afterAll(() => redis.stop())

  const catalogueOn = (store: Store) =>
    createTemplateCatalogue({
      store,
      stepRegistry: STEPS,
      resolveOCloud: async (name) => (name === 'edge-1' ? ID : undefined),
      log: silentLog(),
    })
  const refused = (code: string, message?: string) =>
    expect.objectContaining({ code, ...(message && { message: expect.stringContaining(message) }) })

  test('what was published is there for every process, and does not change', async () => {
    const template = sample('1.0.0')
    const { n } = await catalogueOn(redis.store).publish(template)
    const other = await redis.another()
    try {
      expect(await catalogueOn(other).get('sample', '1.0.0')).toEqual({ value: template, n })
      await expect(catalogueOn(other).publish(template)).rejects.toEqual(refused('ALREADY_EXISTS', 'published already'))
      await expect(catalogueOn(other).publish({ ...template, description: 'another' })).rejects.toEqual(
        refused('ALREADY_EXISTS'),
      )
    } finally {
      await other.close()
    }
  })

  test('a request for what is not there is told what is', async () => {
    const catalogue = catalogueOn(redis.store)
    await catalogue.publish(sample('2.0.0'))
    await catalogue.publish(sample('2.1.0'))
    await expect(catalogue.find('sample', '3.0.0')).rejects.toEqual(refused('UNKNOWN_TEMPLATE', '2.0.0, 2.1.0'))
    await expect(catalogue.find('nothing', '1.0.0')).rejects.toEqual(refused('UNKNOWN_TEMPLATE', 'no template nothing'))
    await expect(catalogue.get('sample', '3.0.0')).rejects.toEqual(refused('NOT_FOUND'))
    await expect(catalogue.remove('sample', '3.0.0')).rejects.toEqual(refused('NOT_FOUND'))
  })

  test('one that a request names stays, and goes afterwards', async () => {
    const catalogue = catalogueOn(redis.store)
    const { n } = await catalogue.publish(sample('4.0.0'))
    const requests = redis.store.collection<JsonObject>('provisioningRequest')
    await requests.create('r-1', {}, { references: [{ collection: 'template', id: 'sample/4.0.0' }] })
    await expect(catalogue.remove('sample', '4.0.0')).rejects.toEqual(refused('IN_USE', 'provisioningRequest r-1'))
    await requests.remove('r-1')
    await expect(catalogue.remove('sample', '4.0.0', n + 1)).rejects.toEqual(refused('PRECONDITION_FAILED'))
    await catalogue.remove('sample', '4.0.0', n)
    await expect(catalogue.get('sample', '4.0.0')).rejects.toEqual(refused('NOT_FOUND'))
  })

  test('a version that was removed and published anew has its new schema', async () => {
    const catalogue = catalogueOn(redis.store)
    const first = sample('5.0.0', { a: { type: 'string' } })
    await catalogue.publish(first)
    expect(await catalogue.accept(first, { a: 'x' })).toMatchObject({ parameters: { a: 'x' } })
    await catalogue.remove('sample', '5.0.0')
    const second = sample('5.0.0', { b: { type: 'string' } })
    await catalogue.publish(second)
    await expect(catalogue.accept(await catalogue.find('sample', '5.0.0'), { a: 'x' })).rejects.toEqual(
      refused('TEMPLATE_PARAMETERS'),
    )
  })

  test('parameters are accepted by the schema, O-Clouds by the registry', async () => {
    const catalogue = catalogueOn(redis.store)
    expect(await catalogue.accept(sample('6.0.0'), { oCloud: 'edge-1' })).toEqual({
      parameters: { oCloud: ID },
      secrets: undefined,
      oCloudIds: [ID],
    })
    await expect(catalogue.accept(sample('6.0.0'), { oCloud: 'edge-9' })).rejects.toEqual(
      refused('TEMPLATE_PARAMETERS'),
    )
  })

  test('nothing is stored of a template that is refused', async () => {
    const catalogue = catalogueOn(redis.store)
    await expect(catalogue.publish({ ...sample('7.0.0'), steps: [{ name: 'x', uses: 'shell' }] })).rejects.toEqual(
      refused('INVALID_TEMPLATE'),
    )
    await expect(catalogue.get('sample', '7.0.0')).rejects.toEqual(refused('NOT_FOUND'))
  })
})
