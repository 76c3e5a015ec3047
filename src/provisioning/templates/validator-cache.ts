import type { JsonObject } from '../../json.ts'
import { onceFor } from '../../once.ts'
import { compileSchema, type Validator } from './validator.ts'

const MOST = 200

/** Compiled schemas, the most recently used. The key is the schema's text: a template that was removed and published anew with another schema is another one. */
export function createValidatorCache(): (schema: JsonObject) => Validator {
  const cache = new Map<string, Validator>()
  return onceFor((schema) => {
    const key = JSON.stringify(schema)
    const validator = cache.get(key) ?? compileSchema(schema)
    cache.delete(key)
    cache.set(key, validator)
    const oldest = cache.keys().next().value
    if (cache.size > MOST && oldest !== undefined) cache.delete(oldest)
    return validator
  })
}
