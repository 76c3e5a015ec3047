import { z } from 'zod'
import type { OCloudRegistry } from '../../src/clusters/registry-types.ts'
import { ServiceError } from '../../src/errors.ts'
import type { JsonObject } from '../../src/json.ts'
import { type Accepted, type Clock, created, type Transition } from '../../src/provisioning/lifecycle.ts'
import type { Made, ProvisioningRecord, RequestOptions } from '../../src/provisioning/record.ts'
import { createRequests, type Requests } from '../../src/provisioning/requests.ts'
import { type RunParts, runRequest } from '../../src/provisioning/run/run-request.ts'
import type { StepPorts } from '../../src/provisioning/run/step-context.ts'
import type { Step, StepContext } from '../../src/provisioning/steps/step.ts'
import type { Template, TemplateStep } from '../../src/provisioning/templates/template.ts'
import type { Store } from '../../src/store/store.ts'
import { createTestStore, silentLog, type TestStore } from './redis.ts'

/** A world of named things, and a step that makes one of them: enough to see what the pipeline asks of a step. */
export interface ThingWorld {
  things: Set<string>
  /** What is in those that were given something. */
  contents: Map<string, string>
  /** What the steps did, in order. */
  calls: string[]
  /** Called inside apply, after the thing was made and before apply returns. */
  duringApply: (name: string, context: StepContext) => Promise<void>
  duringUndo: (name: string, context: StepContext) => Promise<void>
}

const thingInputs = z.strictObject({
  thing: z.string(),
  target: z.string().optional(),
  content: z.string().optional(),
})

export function createThings(): { world: ThingWorld; step: Step<z.infer<typeof thingInputs>> } {
  const world: ThingWorld = {
    things: new Set(),
    contents: new Map(),
    calls: [],
    duringApply: async () => undefined,
    duringUndo: async () => undefined,
  }
  const made = (thing: string, previous: Made | undefined, generation: number): Made => {
    const before = previous?.objects.find((object) => object.name === thing)
    const object = before ?? {
      apiVersion: 'v1',
      kind: 'Thing',
      name: thing,
      action: 'created' as const,
      madeIn: generation,
    }
    const others = (previous?.objects ?? []).filter((other) => other.name !== thing)
    return { objects: [...others, object], outputs: { thing }, notes: {} }
  }
  const step: Step<z.infer<typeof thingInputs>> = {
    uses: 'thing',
    inputs: thingInputs,
    outputs: ['thing'],
    plan: async ({ thing }) => [
      { action: world.things.has(thing) ? 'none' : 'create', object: { apiVersion: 'v1', kind: 'Thing', name: thing } },
    ],
    async apply({ thing, content }, previous, context) {
      world.calls.push(`apply ${thing}`)
      const next = made(thing, previous, context.request.generation)
      await context.checkpoint(next)
      await context.fence()
      world.things.add(thing)
      if (content !== undefined) world.contents.set(thing, content)
      await world.duringApply(thing, context)
      // What an earlier generation made and this one no longer names goes, as a real step prunes.
      const surplus = next.objects.filter((object) => object.name !== thing)
      for (const { name } of surplus) world.things.delete(name)
      return { ...next, objects: next.objects.filter((object) => object.name === thing) }
    },
    async verify({ thing }, result) {
      world.calls.push(`verify ${thing}`)
      return result
    },
    async undo(result, scope, context) {
      const undone = result.objects.filter((object) => scope === 'all' || object.madeIn === context.request.generation)
      for (const { name } of undone) {
        world.calls.push(`undo ${name}`)
        await world.duringUndo(name, context)
        world.things.delete(name)
      }
      return { undone, left: [] }
    },
  }
  return { world, step }
}

export function thingTemplate(names: readonly string[], more: Partial<Template> = {}): Template {
  const steps: TemplateStep[] = names.map((name) => ({
    name,
    uses: 'thing',
    with: { thing: `{{ ${name} }}`, target: '{{ target }}', content: '{{ content }}' },
  }))
  return {
    name: 'things',
    version: '1.0.0',
    description: '',
    result: 'resources',
    timeoutSeconds: 60,
    parameterSchema: {},
    steps,
    ...more,
  }
}

export function thingsAccepted(
  id: string,
  template: Template,
  parameters: JsonObject,
  options?: RequestOptions,
): Accepted {
  const data = {
    provisioningRequestId: id,
    name: id,
    description: '',
    templateName: template.name,
    templateVersion: template.version,
    templateParameters: parameters,
  }
  const sentHash = JSON.stringify({ data, options })
  return { data, sentHash, parameters, oCloudIds: [], simulated: true, template, ...(options && { options }) }
}

/** For `duringApply` and `duringUndo`: fails where it is about that thing. */
export const failAt = (thing: string, error: () => Error) => async (name: string) => {
  if (name === thing) throw error()
}

export interface TestRun {
  requests: Requests
  world: ThingWorld
  parts: RunParts
  /** The world as it was at the start: nothing made, nothing in the way. */
  fresh(): ThingWorld
  post(id: string, parameters: JsonObject, options?: RequestOptions): Promise<ProvisioningRecord>
  run(record: ProvisioningRecord, shutdown?: AbortSignal, parts?: Partial<RunParts>): ReturnType<typeof runRequest>
  /** The record as it stands now. Rejects with NOT_FOUND when it is gone. */
  now(record: ProvisioningRecord): Promise<ProvisioningRecord>
  /** What the API does with a request: a function of the state machine, e.g. `cancelled`. */
  change(
    record: ProvisioningRecord,
    how: (before: ProvisioningRecord, clock: Clock) => Transition | undefined,
  ): Promise<ProvisioningRecord>
}

/** The run of requests on a real store, with the step above and templates of it. */
export async function createTestRun(store: Store, templates: Map<string, Template>): Promise<TestRun> {
  const requests = createRequests(store)
  const { world, step } = createThings()
  const collection = store.collection<Template>('template')
  for (const template of templates.values()) await collection.create(`${template.name}/${template.version}`, template)
  const parts: RunParts = {
    requests,
    store,
    catalogue: {
      find: async (name, version) => {
        const template = templates.get(`${name}/${version}`)
        if (!template) throw new ServiceError('UNKNOWN_TEMPLATE', name)
        return template
      },
    },
    steps: new Map<string, Step>([['thing', step as Step]]),
    ports: portsThatAreNotUsed(),
    endLeftovers: async () => undefined,
    undoTimeoutMs: 5_000,
    log: silentLog(),
    clock: () => new Date(),
  }
  return {
    requests,
    world,
    parts,
    fresh() {
      world.things.clear()
      world.calls.length = 0
      world.duringApply = async () => undefined
      world.duringUndo = async () => undefined
      return world
    },
    post: (id, parameters, options) => {
      const template = templates.get('things/1.0.0')
      if (!template) throw new Error('no template')
      return requests.create(
        created(thingsAccepted(id, template, parameters, options), crypto.randomUUID(), parts.clock),
      )
    },
    run: ({ provisioningRequestId, reference, generation }, shutdown = new AbortController().signal, other = {}) =>
      runRequest({ provisioningRequestId, reference, generation }, shutdown, { ...parts, ...other }),
    now: ({ provisioningRequestId }) => requests.get(provisioningRequestId),
    change: ({ provisioningRequestId }, how) =>
      requests.update(provisioningRequestId, (before) => how(before, parts.clock)),
  }
}

/** The things that the template with three steps makes. */
export const THREE_THINGS = { one: 'a', two: 'b', three: 'c', target: 'X' }

export interface ThingRuns extends TestRun {
  testStore: TestStore
  /** Templates with the steps one, two, three, and with the first two of them. */
  three: Template
  two: Template
  /** A request for THREE_THINGS under a new id. */
  postThree(options?: RequestOptions): Promise<ProvisioningRecord>
  stop(): Promise<void>
}

/** Runs on a store of their own, whose leases end after a second. */
export async function startThingRuns(): Promise<ThingRuns> {
  const testStore = await createTestStore({ leaseMs: 1_000 })
  const three = thingTemplate(['one', 'two', 'three'])
  const two = thingTemplate(['one', 'two'], { name: 'two-things' })
  const run = await createTestRun(testStore.store, new Map([three, two].map((one) => [`${one.name}/1.0.0`, one])))
  let count = 0
  return {
    ...run,
    testStore,
    three,
    two,
    postThree: (options) => run.post(`request-${++count}`, THREE_THINGS, options),
    stop: testStore.stop,
  }
}

export function portsThatAreNotUsed(): StepPorts {
  const unused = () => {
    throw new Error('things need no ports')
  }
  const oClouds = new Proxy({}, { get: unused })
  return {
    oClouds: oClouds as OCloudRegistry,
    lifecycle: unused,
    packages: unused,
    render: unused,
    locks: { withLock: unused },
  }
}
