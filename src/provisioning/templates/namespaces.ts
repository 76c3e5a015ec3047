import type { FieldError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../../json.ts'
import { PARAMETERS_POINTER } from './parameters.ts'
import { pointerTo } from './pointer.ts'
import { parseText, type Reference, renderInputs } from './references.ts'
import { isObject } from './schema-places.ts'
import type { Template } from './template.ts'

/** kube-system, kube-public, kube-node-lease: Kubernetes keeps the prefix for itself. */
const OF_KUBERNETES = /^kube-/

/**
 * Parameters that would take a step into a namespace of Kubernetes itself, where a quota keeps its pods from starting and a network policy cuts its DNS off. A rule of its own,
 * beside the schemas: a published template does not change. A template that means such a namespace names it itself.
 */
export function namespaceFaults({ steps }: Pick<Template, 'steps'>, parameters: JsonObject): FieldError[] {
  return steps.flatMap((step) => faultsIn(step.with ?? {}, parameters))
}

function faultsIn(value: JsonValue, parameters: JsonObject): FieldError[] {
  if (typeof value !== 'object' || value === null) return []
  const named =
    isObject(value) && value.kind === 'Namespace' && isObject(value.metadata) ? value.metadata.name : undefined
  const names = [named, isObject(value) ? value.namespace : undefined].filter((name) => typeof name === 'string')
  return [
    ...names.flatMap((name) => faultOf(name, parameters)),
    ...Object.values(value).flatMap((inner) => faultsIn(inner, parameters)),
  ]
}

function faultOf(text: string, parameters: JsonObject): FieldError[] {
  const [first] = parseText(text)
  const reference: Reference | undefined = first && 'reference' in first ? first.reference : undefined
  if (reference?.to !== 'parameter') return []
  const { name } = renderInputs({ name: text }, { parameters, steps: {}, unknown: '' })
  if (typeof name !== 'string' || !OF_KUBERNETES.test(name)) return []
  const message = 'is a namespace of Kubernetes itself (kube-…): take one of your own'
  return [{ pointer: PARAMETERS_POINTER + pointerTo(reference.path), message }]
}
