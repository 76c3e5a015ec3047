import type { FieldError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../../json.ts'
import type { Step } from '../steps/step.ts'
import { inputFaults } from './input-rules.ts'
import { pointerTo } from './pointer.ts'
import { parseText, type Reference, soleReference } from './references.ts'
import { isObject, parameterFacts } from './schema-places.ts'
import type { Template, TemplateStep } from './template.ts'

export type StepRegistry = ReadonlyMap<string, Step>

/** What keeps a template's steps from being published: names, `uses`, references, inputs, and secrets that stand in the open. */
export function stepFaults(
  { steps, parameterSchema }: Pick<Template, 'steps' | 'parameterSchema'>,
  registry: StepRegistry,
): FieldError[] {
  const faults: FieldError[] = []
  const earlier = new Map<string, readonly string[]>()
  for (const [index, templateStep] of steps.entries()) {
    const at = ['steps', String(index)]
    const step = registry.get(templateStep.uses)
    if (earlier.has(templateStep.name))
      faults.push({
        pointer: pointerTo([...at, 'name']),
        message: `${templateStep.name} is the name of an earlier step`,
      })
    if (step) faults.push(...withFaults(templateStep, step, { at, schema: parameterSchema, earlier }))
    else
      faults.push({
        pointer: pointerTo([...at, 'uses']),
        message: `must be one of ${[...registry.keys()].sort().join(', ')}`,
      })
    earlier.set(templateStep.name, step?.outputs ?? [])
  }
  return faults
}

interface Surroundings {
  /** Where the step stands in the template. */
  at: string[]
  schema: JsonObject
  /** Names and outputs of the steps before it. */
  earlier: ReadonlyMap<string, readonly string[]>
}

function withFaults(templateStep: TemplateStep, step: Step, { at, schema, earlier }: Surroundings): FieldError[] {
  const inputs = templateStep.with ?? {}
  const place = [...at, 'with']
  const faults = [...referenceFaults(inputs, place, schema, earlier), ...secretFaults(inputs, place, schema)]
  return faults.length > 0 ? faults : inputFaults(inputs, step, place, schema)
}

function referenceFaults(
  value: JsonValue,
  at: string[],
  schema: JsonObject,
  earlier: Surroundings['earlier'],
): FieldError[] {
  if (typeof value === 'string')
    return textFaults(value, schema, earlier).map((message) => ({ pointer: pointerTo(at), message }))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const inner = [...at, key]
    if (key === '__proto__') return [{ pointer: pointerTo(inner), message: 'is not allowed as a name' }]
    if (key.includes('{{'))
      return [{ pointer: pointerTo(inner), message: 'a name takes no reference, only a value does' }]
    return referenceFaults(item, inner, schema, earlier)
  })
}

function textFaults(text: string, schema: JsonObject, earlier: Surroundings['earlier']): string[] {
  const parts = parseText(text)
  const alone = soleReference(parts) !== undefined
  return parts.flatMap((part) => {
    if ('literal' in part) return []
    if ('malformed' in part) {
      return [
        `${part.malformed.slice(0, 80)} is not a reference: write {{ parameter }}, {{ /nested/parameter }} or {{ steps.<step>.<output> }}`,
      ]
    }
    return referenceFault(part.reference, alone, schema, earlier)
  })
}

function referenceFault(
  reference: Reference,
  alone: boolean,
  schema: JsonObject,
  earlier: Surroundings['earlier'],
): string[] {
  const named = `{{ ${reference.text} }}`
  if (reference.to === 'output') {
    const outputs = earlier.get(reference.step)
    if (!outputs) return [`${named} names no earlier step`]
    return outputs.includes(reference.field)
      ? []
      : [`${named}: step ${reference.step} gives ${outputs.join(', ') || 'nothing'}`]
  }
  const facts = parameterFacts(schema, reference.path)
  if (!facts) return [`${named} names no parameter of the schema`]
  if (alone) return []
  if (facts.types.some((type) => type === 'object' || type === 'array' || type === 'null'))
    return [`${named} stands inside text and must be a string, a number or a boolean`]
  return facts.optional ? [`${named} stands inside text and may be absent: require it or give it a default`] : []
}

/** A Secret in a template would be readable for everybody who reads templates: each of its values comes from a writeOnly parameter. */
function secretFaults(value: JsonValue, at: string[], schema: JsonObject): FieldError[] {
  if (typeof value !== 'object' || value === null) return []
  const own = isObject(value) && value.kind === 'Secret' ? ['data', 'stringData'] : []
  return Object.entries(value).flatMap(([key, item]) => {
    const inner = [...at, key]
    return own.includes(key) ? openValues(item, inner, schema) : secretFaults(item, inner, schema)
  })
}

function openValues(value: JsonValue, at: string[], schema: JsonObject): FieldError[] {
  if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => openValues(item, [...at, key], schema))
  const secret =
    typeof value === 'string' &&
    parseText(value).some(
      (part) =>
        'reference' in part && part.reference.to === 'parameter' && parameterFacts(schema, part.reference.path)?.secret,
    )
  return secret
    ? []
    : [{ pointer: pointerTo(at), message: 'must come from a writeOnly parameter: a Secret never stands in a template' }]
}
