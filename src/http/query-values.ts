import { z } from 'zod'

/** A query parameter that is on or off. Documented as a boolean. */
export function flag(description: string) {
  return z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .optional()
    .transform((value) => value === 'true')
    .meta({ description })
}
