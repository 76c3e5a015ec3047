import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import { deleting, replaced, retried } from '../../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import { createTestStore, type TestStore } from '../../harness/redis.ts'
import { createTestRun, type TestRun, type ThingWorld, thingsAccepted, thingTemplate } from '../../harness/run.ts'

const TEMPLATES: Record<string, readonly string[]> = {
  things: ['one', 'two'],
  fewer: ['one'],
  renamed: ['two', 'three'],
}
const templates = new Map<string, Template>(
  Object.entries(TEMPLATES).map(([name, steps]) => [`${name}/1.0.0`, thingTemplate(steps, { name })]),
)

/** One change of a request, and the step (if any) that fails in it; twice: in the rollback as well, if it comes to it. */
const change = fc.record({
  how: fc.constantFrom('put', 'put', 'put', 'retry'),
  template: fc.constantFrom(...Object.keys(TEMPLATES)),
  target: fc.constantFrom('X', 'Y'),
  content: fc.constantFrom('red', 'green'),
  failing: fc.constantFrom(undefined, undefined, 'one', 'two', 'three'),
  times: fc.constantFrom(1, 1, 2),
  rollbackOnFailure: fc.boolean(),
})

let testStore: TestStore
let run: TestRun
let count = 0
beforeAll(async () => {
  testStore = await createTestStore()
  run = await createTestRun(testStore.store, templates)
})
afterAll(() => testStore.stop())

const thingOf = (step: string, target: string) => `${step}@${target}`
const parametersFor = (target: string, content: string) => ({
  ...Object.fromEntries(['one', 'two', 'three'].map((step) => [step, thingOf(step, target)])),
  target,
  content,
})

/** What stands when that request is FULFILLED: each thing with its content. */
function wantedBy({ data, parameters: { target, content } }: Pick<ProvisioningRecord, 'data' | 'parameters'>) {
  const steps = TEMPLATES[data.templateName] ?? []
  return steps.map((step) => `${thingOf(step, String(target))}: ${content}`).sort()
}

const shown = ({ things, contents }: ThingWorld) => [...things].map((name) => `${name}: ${contents.get(name)}`).sort()

function standing({ steps, retired }: ProvisioningRecord): string[] {
  return [...steps, ...retired].flatMap((step) => step.made?.objects.map((object) => object.name) ?? []).sort()
}

describe('any sequence of changes', () => {
  it('leaves the world as the record says: what was asked for when FULFILLED, what was FULFILLED before when rolled back, nothing after DELETE', async () => {
    const { world, requests, parts } = run
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 7 }), async (changes) => {
        world.things.clear()
        const id = `changes-${++count}`
        let record = await run.post(id, parametersFor('X', 'red'))
        await run.run(record)
        let last = await requests.get(id)
        for (const { how, template, target, content, failing, times, rollbackOnFailure } of changes) {
          let failures = 0
          world.duringApply = async (name) => {
            if (!failing || !name.startsWith(`${failing}@`) || failures === times) return
            failures++
            throw new ServiceError('APPLY_FAILED', `${name} fails`)
          }
          const wanted = templates.get(`${template}/1.0.0`) as Template
          const accepted = thingsAccepted(id, wanted, parametersFor(target, content), { rollbackOnFailure })
          record = await requests.update(id, (current) =>
            how === 'retry' ? retried(current, parts.clock) : replaced(current, accepted, parts.clock),
          )
          await run.run(record)
          record = await requests.get(id)
          expect(standing(record)).toEqual([...world.things].sort())
          expect(record).not.toHaveProperty('rollback')
          if (record.phase === 'FULFILLED') {
            expect(shown(world)).toEqual(wantedBy(record))
            expect(record.retired).toEqual([])
            expect(record.steps.every(({ state }) => state === 'SUCCEEDED' || state === 'SKIPPED')).toBe(true)
            last = record
          } else {
            const { code, left, rolledBackTo } = record.error ?? {}
            const goesBack = record.options?.rollbackOnFailure && record.sentHash !== last.sentHash
            expect(record.steps.map(({ name }) => name)).toEqual(TEMPLATES[record.data.templateName])
            expect(left).toEqual([])
            expect(code).toBe(goesBack && failures > 1 ? 'CLEANUP_FAILED' : 'APPLY_FAILED')
            expect(rolledBackTo).toBe(goesBack && failures === 1 ? last.generation : undefined)
            if (rolledBackTo !== undefined) expect(shown(world)).toEqual(wantedBy(last))
          }
        }
        world.duringApply = async () => undefined
        await run.run(await requests.update(id, (current) => deleting(current, parts.clock)))
        expect(await requests.find(id)).toBeUndefined()
        expect([...world.things]).toEqual([])
      }),
      { numRuns: 150 },
    )
  }, 120_000)
})
