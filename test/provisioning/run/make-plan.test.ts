import { randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import { planTopic } from '../../../src/provisioning/plan-client.ts'
import { Interruption } from '../../../src/provisioning/run/interruption.ts'
import { answerPlan, type PlanParts } from '../../../src/provisioning/run/make-plan.ts'
import type { Step } from '../../../src/provisioning/steps/step.ts'
import { createTemplateCatalogue } from '../../../src/provisioning/templates/catalogue.ts'
import { createTestStore, type TestStore } from '../../harness/redis.ts'
import { createTestRun, thingTemplate } from '../../harness/run.ts'

const SECRET = 'correct-horse-battery'
const template = thingTemplate(['one'], {
  parameterSchema: {
    type: 'object',
    properties: { one: { type: 'string' }, target: { type: 'string' }, key: { type: 'string', writeOnly: true } },
  },
})

let testStore: TestStore
let parts: PlanParts
let logged = ''

beforeAll(async () => {
  testStore = await createTestStore()
  const { store } = testStore
  const run = await createTestRun(store, new Map([['things/1.0.0', template]]))
  const log = pino(
    new Writable({
      write(chunk, _encoding, done) {
        logged += chunk
        done()
      },
    }),
  )
  const catalogue = createTemplateCatalogue({
    store,
    stepRegistry: run.parts.steps,
    resolveOCloud: async () => undefined,
    log,
  })
  const accept = { catalogue, oClouds: run.parts.ports.oClouds, secrets: store.secrets }
  parts = { ...run.parts, log, accept, planTimeoutMs: 5_000 }
})
afterAll(() => testStore.stop())

/** The answer to a dry run with this step. */
async function ask(change: Partial<Step>, shutdown = new AbortController().signal, more: Partial<PlanParts> = {}) {
  const { store, steps } = parts
  const planId = randomUUID()
  const answered = Promise.withResolvers<unknown>()
  const stop = store.feed.subscribe(
    planTopic(planId),
    ({ data }) => answered.resolve(data),
    () => undefined,
  )
  const data = {
    provisioningRequestId: 'planned',
    name: 'planned',
    description: '',
    templateName: 'things',
    templateVersion: '1.0.0',
    templateParameters: { one: 'a', target: 'X', key: SECRET },
  }
  const sealed = store.secrets.seal(JSON.stringify({ request: { data, canonical: false } }), planId)
  const step = { ...(steps.get('thing') as Step), ...change }
  try {
    await answerPlan({ planId, sealed }, shutdown, { ...parts, steps: new Map([['thing', step]]), ...more })
    return await answered.promise
  } finally {
    stop()
  }
}

const failing = (error: Error): Partial<Step> => ({ plan: () => Promise.reject(error) })

describe('the answer to a dry run', () => {
  it('has no secret of the request in it, wherever a tool or an API server repeats it', async () => {
    const fields = [{ pointer: '/templateParameters/key', message: `not ${SECRET}` }]
    expect(await ask(failing(new ServiceError('APPLY_FAILED', `${SECRET} is no key`, { fields })))).toEqual({
      refused: {
        code: 'APPLY_FAILED',
        message: 'one: [secret] is no key',
        fields: [{ pointer: '/templateParameters/key', message: 'not [secret]' }],
      },
    })
    const object = { apiVersion: 'v1', kind: 'Thing', name: `with-${SECRET}` }
    const planned = await ask({ plan: async () => [{ action: 'create', object }] })
    expect(planned).toMatchObject({ plan: { steps: [{ changes: [{ object: { name: 'with-[secret]' } }] }] } })
  })

  it('says nothing of a failure that nobody foresaw; the log does, without the secret', async () => {
    expect(await ask(failing(new TypeError(`cannot read ${SECRET}`)))).toEqual({
      refused: { code: 'INTERNAL', message: 'the plan could not be made; the log of the worker says why', fields: [] },
    })
    expect(logged).toContain('cannot read [secret]')
    expect(logged).not.toContain(SECRET)
  })

  it('comes at once when the worker stops, and in time when the O-Cloud never answers', async () => {
    const silent: Partial<Step> = { plan: () => new Promise(() => undefined) }
    const shutdown = new AbortController()
    setTimeout(() => shutdown.abort(new Interruption('shutdown', 'the service stops')), 50)
    expect(await ask(silent, shutdown.signal)).toMatchObject({ refused: { code: 'UNAVAILABLE' } })
    expect(await ask(silent, undefined, { planTimeoutMs: 50 })).toMatchObject({ refused: { code: 'TIMEOUT' } })
  })
})
