import { expect } from 'vitest'
import { z } from 'zod'
import { type FieldError, ServiceError } from '../../../src/errors.ts'
import type { JsonObject, JsonValue } from '../../../src/json.ts'
import type { Step } from '../../../src/provisioning/steps/step.ts'
import { checkTemplate } from '../../../src/provisioning/templates/publishing.ts'
import type { Template } from '../../../src/provisioning/templates/template.ts'

/** Steps of which only the inputs and outputs matter here. */
function step<Inputs>(uses: string, inputs: z.ZodType<Inputs>, outputs: string[] = []): Step<Inputs> {
  const never = () => Promise.reject(new Error('no step runs here'))
  return { uses, inputs, outputs, plan: never, apply: never, verify: never, undo: never }
}

const place = z.strictObject({
  target: z.string().min(1),
  count: z.int().min(1).max(5).optional(),
  mode: z.enum(['a', 'b']).default('a'),
  objects: z.array(z.looseObject({ kind: z.string() })).optional(),
})
const registry = new Map<string, Step>(
  [
    step('place', place),
    step('make', z.strictObject({ name: z.string() }), ['oCloudId', 'name']),
    step('report', z.strictObject({})),
  ].map((one: Step) => [one.uses, one]),
)

/** Parameters of the template below. */
export const properties: Record<string, JsonObject> = {
  oCloud: { type: 'string', format: 'o-cloud' },
  count: { type: 'integer' },
  mode: { type: 'string', default: 'a' },
  labels: { type: 'object' },
  password: { type: 'string', writeOnly: true },
  login: {
    type: 'object',
    additionalProperties: false,
    required: ['token'],
    properties: { token: { type: 'string', writeOnly: true } },
  },
}

/** A template that is sound but for the changes. */
export function template(
  changes: { schema?: JsonObject; with?: Record<string, JsonValue> } & Partial<Template> = {},
): Template {
  const { schema, with: inputs, ...rest } = changes
  return {
    name: 'sample',
    version: '1.0.0',
    description: '',
    result: 'resources',
    timeoutSeconds: 60,
    parameterSchema: {
      type: 'object',
      additionalProperties: false,
      required: ['oCloud', 'login'],
      properties,
      ...schema,
    },
    steps: [
      { name: 'place', uses: 'place', with: { target: '{{ oCloud }}', ...inputs } },
      { name: 'report', uses: 'report' },
    ],
    ...rest,
  }
}

/** What keeps it from being published. */
export function faultsOf(refused: Template, steps: ReadonlyMap<string, Step> = registry): FieldError[] {
  try {
    checkTemplate(refused, steps)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    expect(error.code).toBe('INVALID_TEMPLATE')
    return error.fields
  }
  return []
}
export const pointersOf = (refused: Template): string[] => faultsOf(refused).map(({ pointer }) => pointer)
