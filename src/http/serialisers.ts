import fastJsonStringify from 'fast-json-stringify'
import type { z } from 'zod'
import { once } from '../once.ts'
import { serialiserSchema } from './json-schema.ts'

export type Serialise = (body: unknown) => string

/**
 * Serialisers of answers by their schemas. Each is compiled by the first answer that needs it: all of them are a quarter of a second
 * and megabytes, and most processes answer with few. A schema that several paths answer with is compiled once.
 */
export function createSerialisers(): (schema: z.ZodType) => Serialise {
  const known = new Map<z.ZodType, Serialise>()
  return (schema) => {
    const before = known.get(schema)
    if (before) return before
    const compiled = once(() => compileSerialiser(schema))
    const serialise: Serialise = (body) => compiled()(body)
    known.set(schema, serialise)
    return serialise
  }
}

/** The serialiser of a schema, at once. Throws when there can be none. */
export function compileSerialiser(schema: z.ZodType): Serialise {
  const described = serialiserSchema(schema)
  return described === undefined ? JSON.stringify : fastJsonStringify(described)
}
