import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonValue } from '../../src/json.ts'
import { createPlanClient, planTopic } from '../../src/provisioning/plan-client.ts'
import { createTemplateCatalogue } from '../../src/provisioning/templates/catalogue.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, silentLog, type TestStore } from '../harness/redis.ts'
import { createTestRun, thingTemplate } from '../harness/run.ts'

describe('a dry run that a worker answers', needs('redis'), () => {
  let testStore: TestStore
  let ask: (answer: JsonValue) => Promise<unknown>

  beforeAll(async () => {
    testStore = await createTestStore()
    const { store } = testStore
    const properties = { one: { type: 'string' }, target: { type: 'string' } }
    const template = thingTemplate(['one'], { parameterSchema: { type: 'object', properties } })
    const { parts, requests } = await createTestRun(store, new Map([['things/1.0.0', template]]))
    const { steps, clock } = parts
    const catalogue = createTemplateCatalogue({
      store,
      stepRegistry: steps,
      resolveOCloud: async () => undefined,
      log: silentLog(),
    })
    const data = {
      provisioningRequestId: 'planned',
      name: 'planned',
      description: '',
      templateName: 'things',
      templateVersion: '1.0.0',
      templateParameters: { one: 'a', target: 'X' },
    }
    ask = (answer) =>
      createPlanClient({
        store,
        requests,
        catalogue,
        oClouds: parts.ports.oClouds,
        secrets: store.secrets,
        planTimeoutMs: 5_000,
        clock,
        queues: {
          plan: ({ planId }) => store.feed.publish(planTopic(planId), 'plan', answer),
        },
      }).plan({ data, canonical: false })
  })
  afterAll(() => testStore?.stop())

  it('gives its plan, or refuses with its code and fields', async () => {
    const object = { apiVersion: 'v1', kind: 'Thing', name: 'a' }
    const plan = { dryRun: true, steps: [{ name: 'one', uses: 'thing', changes: [{ action: 'create', object }] }] }
    expect(await ask({ plan })).toEqual(plan)
    const refused = { code: 'CONFLICT', message: 'not yours', fields: [{ pointer: '/a', message: 'is taken' }] }
    await expect(ask({ refused })).rejects.toMatchObject(refused)
  })

  it('is INTERNAL when the code is one that nobody here knows', async () => {
    const refused = { code: 'OF_NEXT_YEAR', message: 'no', fields: [] }
    await expect(ask({ refused })).rejects.toMatchObject({ code: 'INTERNAL', message: 'no' })
  })

  it.each<[string, JsonValue]>([
    ['nothing', null],
    ['a plan without steps', { plan: { dryRun: true } }],
    ['a plan with an unknown action', { plan: { dryRun: true, steps: [{ name: 'a', uses: 'b', changes: [{}] }] } }],
    ['something else', { refused: 'no' }],
  ])('is INTERNAL, and no plan, when the answer is %s', async (_, answer) => {
    const words = expect.stringContaining('something else than a plan')
    await expect(ask(answer)).rejects.toMatchObject({ code: 'INTERNAL', message: words })
  })
})
