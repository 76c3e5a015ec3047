import type { FieldError } from '../../errors.ts'
import type { JsonValue } from '../../json.ts'
import { expandedSteps, placeOf, targetParameter } from './expansion.ts'
import { pointerTo } from './pointer.ts'
import { parseText } from './references.ts'
import { parameterFacts } from './schema-places.ts'
import { type StepRegistry, stepFaults } from './step-rules.ts'
import type { Template } from './template.ts'

/** What keeps the fields beside the steps from being published. The steps themselves are sound. */
export function fieldFaults(template: Template, registry: StepRegistry): FieldError[] {
  const faults = [
    ...placeFaults(template),
    ...selectorFaults(template),
    ...nameFaults(template),
    ...secretFaults(template),
  ]
  return faults.length > 0 ? faults : expandedFaults(template, registry)
}

/** Quota, network policy and hooks act on an O-Cloud that the template knows, in the namespace of the parameter of that name. */
function placeFaults(template: Template): FieldError[] {
  const { parameterSchema } = template
  const field = (['quota', 'networkPolicy', 'hooks'] as const).find((key) => template[key] !== undefined)
  if (field === undefined) return []
  const pointer = pointerTo([field])
  const faults: FieldError[] = []
  if (placeOf(template) === undefined)
    faults.push({ pointer, message: 'needs a parameter oCloud or edge of format o-cloud, or one step kind-cluster' })
  const namespace = parameterFacts(parameterSchema, ['namespace'])
  if (namespace === undefined || namespace.optional || namespace.secret || namespace.types.join() !== 'string')
    faults.push({ pointer, message: 'needs a parameter namespace, a string that is required or has a default' })
  return faults
}

function selectorFaults({ targetSelector, parameterSchema }: Template): FieldError[] {
  if (targetSelector === undefined || targetParameter(parameterSchema) !== undefined) return []
  return [{ pointer: '/targetSelector', message: 'needs a parameter oCloud or edge of format o-cloud' }]
}

/** Two steps of one name could not be told apart, nor could two hooks. */
function nameFaults(template: Template): FieldError[] {
  const known = new Set<string>()
  return expandedSteps(template).flatMap(({ step: { name }, from }) => {
    const again = known.has(name)
    known.add(name)
    if (!again) return []
    const hook = from.startsWith('/hooks/')
    return [{ pointer: hook ? `${from}/name` : from, message: `${name} is the name of another step` }]
  })
}

/** Jobs are readable for everybody who reads the namespace, and what runs before a removal is kept with the request. */
function secretFaults({ hooks = {}, parameterSchema }: Template): FieldError[] {
  const isSecret = (text: string) =>
    parseText(text).some(
      (part) =>
        'reference' in part &&
        part.reference.to === 'parameter' &&
        parameterFacts(parameterSchema, part.reference.path)?.secret === true,
    )
  const look = (value: JsonValue, at: PropertyKey[]): FieldError[] => {
    if (typeof value === 'string')
      return isSecret(value)
        ? [
            {
              pointer: pointerTo(at),
              message: 'is a secret: keep it in a Secret on the O-Cloud, and take it by valueFrom',
            },
          ]
        : []
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, item]) => look(item, [...at, key]))
  }
  return look(JSON.parse(JSON.stringify(hooks)), ['hooks'])
}

/** The steps that the fields become are checked as any other; what is wrong is said of the field. */
function expandedFaults(template: Template, registry: StepRegistry): FieldError[] {
  const all = expandedSteps(template)
  const steps = all.map(({ step }) => step)
  return stepFaults({ ...template, steps }, registry).flatMap(({ pointer, message }) => {
    const [, , index = '', ...inner] = pointer.split('/')
    const from = all[Number(index)]?.from ?? ''
    // Sound but for what a field brought in, which is said of the field.
    if (from.startsWith('/steps/')) return []
    const inHook = from.startsWith('/hooks/') && inner[0] === 'with' && inner[1] === 'hook'
    return [{ pointer: [from, ...(inHook ? inner.slice(2) : [])].join('/'), message }]
  })
}
