import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../../src/errors.ts'
import { deleting, replaced, retried } from '../../../src/provisioning/lifecycle.ts'
import type { ProvisioningRecord } from '../../../src/provisioning/record.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'
import { createTestStore, type TestStore } from '../../harness/redis.ts'
import { createTestRun, type TestRun, thingsAccepted, thingTemplate } from '../../harness/run.ts'

const TEMPLATES: Record<string, readonly string[]> = {
  things: ['one', 'two'],
  fewer: ['one'],
  renamed: ['two', 'three'],
}
const templates = new Map<string, Template>(
  Object.entries(TEMPLATES).map(([name, steps]) => [`${name}/1.0.0`, thingTemplate(steps, { name })]),
)

/** One change of a request, and the step (if any) that fails in it. */
const change = fc.record({
  how: fc.constantFrom('put', 'put', 'put', 'retry'),
  template: fc.constantFrom(...Object.keys(TEMPLATES)),
  target: fc.constantFrom('X', 'Y'),
  failing: fc.constantFrom(undefined, undefined, 'one', 'two', 'three'),
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
const parametersFor = (target: string) =>
  Object.fromEntries([...['one', 'two', 'three'].map((step) => [step, thingOf(step, target)]), ['target', target]])

function standing({ steps, retired }: ProvisioningRecord): string[] {
  return [...steps, ...retired].flatMap((step) => step.made?.objects.map((object) => object.name) ?? []).sort()
}

describe('any sequence of changes', () => {
  it('leaves the world as the record says: what the template asks for when FULFILLED, nothing after DELETE', async () => {
    const { world, requests, parts } = run
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 7 }), async (changes) => {
        world.things.clear()
        const id = `changes-${++count}`
        let record = await run.post(id, parametersFor('X'))
        await run.run(record)
        for (const { how, template, target, failing } of changes) {
          world.duringApply = async (name) => {
            if (failing && name.startsWith(`${failing}@`)) throw new ServiceError('APPLY_FAILED', `${name} fails`)
          }
          const wanted = templates.get(`${template}/1.0.0`) as Template
          record = await requests.update(id, (current) =>
            how === 'retry'
              ? retried(current, parts.clock)
              : replaced(current, thingsAccepted(id, wanted, parametersFor(target)), parts.clock),
          )
          await run.run(record)
          record = await requests.get(id)
          expect(standing(record)).toEqual([...world.things].sort())
          if (record.phase === 'FULFILLED') {
            const { target: where } = record.parameters
            const steps = TEMPLATES[record.data.templateName] ?? []
            expect([...world.things].sort()).toEqual(steps.map((step) => thingOf(step, String(where))).sort())
            expect(record.retired).toEqual([])
            expect(record.steps.every(({ state }) => state === 'SUCCEEDED' || state === 'SKIPPED')).toBe(true)
          } else {
            expect(record.error).toMatchObject({ code: 'APPLY_FAILED', left: [] })
          }
        }
        world.duringApply = async () => undefined
        await run.run(await requests.update(id, (current) => deleting(current, parts.clock)))
        expect(await requests.find(id)).toBeUndefined()
        expect([...world.things]).toEqual([])
      }),
      { numRuns: 150 },
    )
  })
})
