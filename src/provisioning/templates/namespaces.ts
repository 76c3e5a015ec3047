import type { FieldError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../../json.ts'
import { onceFor } from '../../once.ts'
import { PARAMETERS_POINTER } from './parameters.ts'
import { pointerTo } from './pointer.ts'
import { parseText, type Reference, renderParts, type TextPart } from './references.ts'
import { isObject } from './schema-places.ts'
import type { Template } from './template.ts'

/** kube-system, kube-public, kube-node-lease: Kubernetes keeps the prefix for itself. */
const OF_KUBERNETES = /^kube-/

/**
 * Parameters that would take a step into a namespace of Kubernetes itself, where a quota keeps its pods from starting and a network policy cuts its DNS off. A rule of its own,
 * beside the schemas: a published template does not change. A template that means such a namespace names it itself.
 */
export function namespaceFaults({ steps }: Pick<Template, 'steps'>, parameters: JsonObject): FieldError[] {
  return namespacesOf(steps).flatMap((namespace) => faultOf(namespace, parameters))
}

/** A namespace whose name begins with a parameter. */
interface Namespace {
  parts: readonly TextPart[]
  path: string[]
}

/** The same steps are asked for each request of their template. */
const namespacesOf = onceFor((steps: Template['steps']) => steps.flatMap((step) => namespacesIn(step.with ?? {})))

function namespacesIn(value: JsonValue): Namespace[] {
  if (typeof value !== 'object' || value === null) return []
  const named =
    isObject(value) && value.kind === 'Namespace' && isObject(value.metadata) ? value.metadata.name : undefined
  const names = [named, isObject(value) ? value.namespace : undefined].filter((name) => typeof name === 'string')
  return [...names.flatMap(namespaceOf), ...Object.values(value).flatMap(namespacesIn)]
}

function namespaceOf(text: string): Namespace[] {
  const parts = parseText(text)
  const [first] = parts
  const reference: Reference | undefined = first && 'reference' in first ? first.reference : undefined
  return reference?.to === 'parameter' ? [{ parts, path: reference.path }] : []
}

function faultOf({ parts, path }: Namespace, parameters: JsonObject): FieldError[] {
  const name = renderParts(parts, { parameters, steps: {}, unknown: '' })
  if (typeof name !== 'string' || !OF_KUBERNETES.test(name)) return []
  const message = 'is a namespace of Kubernetes itself (kube-…): take one of your own'
  return [{ pointer: PARAMETERS_POINTER + pointerTo(path), message }]
}
