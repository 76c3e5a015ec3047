import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJournals, type Journals } from '../../src/provisioning/logs-journal.ts'
import { createRequests, type Requests } from '../../src/provisioning/requests.ts'
import { Interruption } from '../../src/provisioning/run/interruption.ts'
import { createRedactor } from '../../src/provisioning/run/redaction.ts'
import type { Template } from '../../src/provisioning/templates/template.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { createTestStore, type TestStore } from '../harness/redis.ts'
import { createTestRun, type TestRun, thingTemplate } from '../harness/run.ts'

const plain = (text: string) => text
const parameters = { one: 'a', two: 'b', target: 'X' }

describe('the journal of a run', needs('redis'), () => {
  let testStore: TestStore
  let requests: Requests
  let run: TestRun
  let journals: Journals
  let process = ''
  const log = pino(
    { level: 'warn' },
    new Writable({
      write(chunk, _encoding, done) {
        process += chunk
        done()
      },
    }),
  )

  beforeAll(async () => {
    testStore = await createTestStore()
    const templates = new Map<string, Template>([['things/1.0.0', thingTemplate(['one', 'two'])]])
    run = await createTestRun(testStore.store, templates)
    requests = createRequests(testStore.store)
    journals = createJournals({ requests, log })
  })
  afterAll(() => testStore?.stop())

  const linesOf = async (id: string) =>
    (await requests.collection.lines(id)).lines.map((line): Record<string, unknown> => JSON.parse(line))

  it('keeps what a level of the process log leaves out, and hides secrets in words, fields and tools’ output', async () => {
    const record = await run.post('hidden', parameters)
    const journal = journals.open(record, createRedactor({ password: 'swordfish', pin: 4711 }))
    journal.log.child({ step: 'one' }).info({ nested: { list: ['is swordfish'] }, took: 4711 }, 'says "swordfish"')
    journal.log.warn('to both')
    journal.log.info({ kubeconfig: 'a secret by its name' }, 'field')
    journals.printed(
      { reference: record.reference, step: 'two' },
      { tool: 'kind', stream: 'stderr', line: ' ✓ swordfish' },
    )
    journals.printed(
      { reference: record.reference, step: 'two' },
      { tool: 'kpt', stream: 'stdout', line: '{"type":"apply","name":"du","error":"swordfish"}' },
    )
    journals.printed({ reference: 'another', step: 'two' }, { tool: 'kpt', stream: 'stdout', line: 'not ours' })
    await journal.close()
    const lines = (await linesOf('hidden')).slice(1)
    expect(JSON.stringify(lines)).not.toContain('swordfish')
    expect(JSON.stringify(lines)).not.toContain('a secret by its name')
    expect(lines).toMatchObject([
      {
        level: 'info',
        msg: 'says "[secret]"',
        nested: { list: ['is [secret]'] },
        took: 4711,
        step: 'one',
        generation: 1,
      },
      { level: 'warn', msg: 'to both' },
      { msg: 'field', kubeconfig: '[secret]' },
      { msg: ' ✓ [secret]', tool: 'kind', stream: 'stderr', step: 'two', generation: 1 },
      { msg: 'apply du [secret]', tool: 'kpt', output: { type: 'apply', name: 'du', error: '[secret]' } },
    ])
    expect(process).toContain('to both')
    expect(process).not.toContain('says')
  })

  it('goes on where a worker died, in one log', async () => {
    const posted = await run.post('died', parameters)
    const gate = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    run.world.duringApply = async (name) => {
      if (name !== 'b') return
      reached.resolve()
      await gate.promise
    }
    const shutdown = new AbortController()
    const first = run.run(posted, shutdown.signal, { journals })
    await reached.promise
    shutdown.abort(new Interruption('shutdown', 'dies'))
    gate.resolve()
    expect(await first).toBe('requeue')
    run.world.duringApply = async () => undefined
    const second = createJournals({ requests, log })
    expect(await run.run(posted, undefined, { journals: second })).toBe('done')
    const told = (await linesOf('died')).map(({ step, msg }) => `${step ?? ''} ${msg}`)
    expect(told.filter((line) => line === 'one started')).toHaveLength(1)
    expect(told.filter((line) => line === 'two started').length).toBeGreaterThan(0)
    expect(told.at(-1)).toBe(' provisioned')
  })

  it('stays that of the run when a second job for the request waits or comes to nothing: generation, secrets and all lines', async () => {
    const { provisioningRequestId: id } = await run.post('twice', parameters)
    const posted = await run.requests.update(id, (record) => {
      const sealed = testStore.store.secrets.seal(JSON.stringify({ content: 'swordfish' }), record.reference)
      return { record: { ...record, sealed }, events: [] }
    })
    const { reference } = posted
    const gate = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    const say = (line: string) =>
      journals.printed({ reference, step: 'one' }, { tool: 'kind', stream: 'stderr', line: `${line} swordfish` })
    run.world.duringApply = async (name, context) => {
      if (name !== 'a') return
      reached.resolve()
      await gate.promise
      say('prints')
      context.log.info('says swordfish')
    }
    const first = run.run(posted, undefined, { journals })
    await reached.promise
    const leaves = new AbortController()
    const second = run.run({ ...posted, generation: 2 }, leaves.signal, { journals })
    say('meanwhile')
    leaves.abort(new Interruption('shutdown', 'leaves'))
    expect(await second).toBe('requeue')
    const third = run.run({ ...posted, generation: 2 }, undefined, { journals })
    gate.resolve()
    expect([await first, await third]).toEqual(['done', 'done'])
    run.world.duringApply = async () => undefined
    const told = (await linesOf('twice')).filter(({ msg }) => String(msg).includes('[secret]'))
    expect(told.map(({ msg, generation }) => [msg, generation])).toEqual([
      ['meanwhile [secret]', 1],
      ['prints [secret]', 1],
      ['says [secret]', 1],
    ])
    expect(JSON.stringify(await linesOf('twice'))).not.toContain('swordfish')
  })

  it('writes nothing into a later request of the same id', async () => {
    const before = await run.post('reused', parameters)
    const journal = journals.open(before, plain)
    await requests.collection.remove('reused')
    await run.post('reused', parameters)
    journal.log.info('of the one before')
    await journal.close()
    expect(JSON.stringify(await linesOf('reused'))).not.toContain('of the one before')
  })

  it('is closed when all has arrived, also what waits behind batches that are under way', async () => {
    const arrived: string[] = []
    const slow: Requests = {
      ...requests,
      collection: {
        ...requests.collection,
        async appendLines(_id, lines) {
          await new Promise((resolve) => setTimeout(resolve, 20))
          arrived.push(...lines)
          return true
        },
      },
    }
    const journal = createJournals({ requests: slow, log }).open(await run.post('slow', parameters), plain)
    for (let line = 0; line < 950; line += 1) journal.log.info(`line ${line}`)
    await journal.close()
    expect(arrived).toHaveLength(950)
    expect(arrived.at(-1)).toContain('line 949')
    journal.log.info('after the end')
    await journal.close()
    expect(arrived).toHaveLength(950)
  })

  it('drops lines while the store is away, goes on meanwhile, and says how many', async () => {
    const record = await run.post('away', parameters)
    const journal = journals.open(record, plain)
    await testStore.redis.kill()
    const began = performance.now()
    for (let line = 0; line < 1_500; line += 1) journal.log.info(`line ${line}`)
    expect(performance.now() - began).toBeLessThan(1_000)
    await testStore.redis.restart()
    await eventually(async () => {
      journal.log.info('there again')
      await new Promise((resolve) => setTimeout(resolve, 250))
      const lost = (await linesOf('away')).find((line) => line.lost !== undefined)
      expect(lost).toMatchObject({ level: 'warn', msg: expect.stringMatching(/^\d+ lines were lost/) })
    }, 20_000)
    await journal.close()
  }, 40_000)
})
