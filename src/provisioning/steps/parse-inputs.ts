import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { Step } from './step.ts'

/** The rendered inputs of a step, checked. Rejects with INVALID_ARGS that names each input and what is wrong with it, in one line. */
export function parseInputs<Inputs>(step: Step<Inputs>, rendered: JsonObject): Inputs {
  const parsed = step.inputs.safeParse(rendered)
  if (parsed.success) return parsed.data
  const words = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new ServiceError('INVALID_ARGS', `the inputs of ${step.uses} are not valid: ${words.join('; ')}`)
}
