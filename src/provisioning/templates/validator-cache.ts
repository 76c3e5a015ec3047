import type { JsonObject } from '../../json.ts'
import { compileSchema, type Validator } from './validator.ts'

const MOST = 200

/** Compiled schemas, the most recently used. The key is the schema's text: a template that was removed and published anew with another schema is another one. */
export function createValidatorCache(): (schema: JsonObject) => Validator {
  const cache = new Map<string, Validator>()
  const known = new WeakMap<JsonObject, Validator>()
  return (schema) => {
    const validator = known.get(schema) ?? byText(schema)
    known.set(schema, validator)
    return validator
  }

  function byText(schema: JsonObject): Validator {
    const key = JSON.stringify(schema)
    const validator = cache.get(key) ?? compileSchema(schema)
    cache.delete(key)
    cache.set(key, validator)
    const oldest = cache.keys().next().value
    if (cache.size > MOST && oldest !== undefined) cache.delete(oldest)
    return validator
  }
}
