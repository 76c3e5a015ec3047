import fastJsonStringify from 'fast-json-stringify'
import type { z } from 'zod'
import { once, onceFor } from '../once.ts'
import { serialiserSchema } from './json-schema.ts'

export type Serialise = (body: unknown) => string

/**
 * Serialisers of answers by their schemas. Each is compiled by the first answer that needs it: all of them are a quarter of a second
 * and megabytes, and most processes answer with few. A schema that several paths answer with is compiled once.
 */
export function createSerialisers(): (schema: z.ZodType) => Serialise {
  return onceFor((schema) => {
    const compiled = once(() => compileSerialiser(schema))
    return (body) => compiled()(body)
  })
}

/** The serialiser of a schema, at once. Throws when there can be none. */
export function compileSerialiser(schema: z.ZodType): Serialise {
  const described = serialiserSchema(schema)
  return described === undefined ? JSON.stringify : fastJsonStringify(described)
}
