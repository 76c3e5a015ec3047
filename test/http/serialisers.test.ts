import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createOperations } from '../../src/app.ts'
import { createEventStreams } from '../../src/http/event-stream.ts'
import { compileSerialiser, createSerialisers } from '../../src/http/serialisers.ts'
import { silentLog } from '../harness/redis.ts'

/** A part that is only named: operations are made, and none is run. */
const unused = <T extends object>(): T => new Proxy(Object.create(null), { get: () => unused })

const operations = createOperations(
  {
    provisioning: unused(),
    oClouds: unused(),
    templates: unused(),
    registration: unused(),
    subscriptions: unused(),
    inventory: unused(),
    metrics: unused(),
    ready: async () => undefined,
    log: silentLog(),
    settings: { heartbeatSeconds: 15, markerKey: 'of a test', compatibilityRoutes: true },
  },
  createEventStreams({ heartbeatSeconds: 15, max: 0 }),
)
const bodies = operations.flatMap(({ operationId, answers }) =>
  Object.entries(answers).flatMap(([status, { body }]) => (body ? [{ name: `${operationId} ${status}`, body }] : [])),
)

describe('the serialisers of answers', () => {
  it.each(bodies)('that of $name can be compiled', ({ body }) => {
    expect(() => compileSerialiser(body)).not.toThrow()
  })

  it('are one for a schema, and write what it names alone', () => {
    const serialiser = createSerialisers()
    const thing = z.strictObject({ name: z.string(), size: z.int().optional() })
    expect(serialiser(thing)).toBe(serialiser(thing))
    expect(serialiser(thing)({ name: 'a', size: 1, secret: 's' })).toBe('{"name":"a","size":1}')
  })
})
