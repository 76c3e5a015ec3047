import { ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { targetParameter } from './expansion.ts'
import type { Selector } from './field-schema.ts'
import { PARAMETERS_POINTER } from './parameters.ts'
import { labelsText, mismatches, selectorText } from './target-selector.ts'
import type { Template } from './template.ts'

/** What a target selector looks at. */
export interface LabelledOCloud {
  oCloudId: string
  name: string
  labels: Record<string, string>
}

/** O-Clouds that an error names with their labels. */
const NAMED = 10

/**
 * The parameters with an O-Cloud where the template selects one and requires it, and the request names none: `standing`, the one that the request has already, as long as it is
 * selected, else the first selected one by name. Rejects with TEMPLATE_PARAMETERS when none is.
 */
export function withTarget(
  template: Pick<Template, 'parameterSchema' | 'targetSelector'>,
  sent: JsonObject,
  oClouds: readonly LabelledOCloud[],
  standing?: string,
): JsonObject {
  const { parameterSchema, targetSelector } = template
  const parameter = targetParameter(parameterSchema)
  if (targetSelector === undefined || parameter === undefined || Object.hasOwn(sent, parameter)) return sent
  const { required } = parameterSchema
  if (!Array.isArray(required) || !required.includes(parameter)) return sent
  const selected = oClouds.filter(({ labels }) => mismatches(targetSelector, labels).length === 0)
  const [first] = [...selected].sort((a, b) => (a.name < b.name ? -1 : 1))
  const target = selected.find(({ oCloudId }) => oCloudId === standing) ?? first
  if (target === undefined) throw refused(parameter, noneOf(targetSelector, oClouds))
  return { ...sent, [parameter]: target.oCloudId }
}

/** Rejects with TEMPLATE_PARAMETERS when the O-Cloud that the accepted parameters name is not selected, and says what it lacks. */
export function checkTarget(
  { parameterSchema, targetSelector }: Pick<Template, 'parameterSchema' | 'targetSelector'>,
  parameters: JsonObject,
  oClouds: readonly LabelledOCloud[],
): void {
  const parameter = targetParameter(parameterSchema)
  if (targetSelector === undefined || parameter === undefined) return
  const id = parameters[parameter]
  if (typeof id !== 'string') return
  const { name, labels } = oClouds.find(({ oCloudId }) => oCloudId === id) ?? { name: id, labels: {} }
  const missing = mismatches(targetSelector, labels)
  if (missing.length > 0)
    throw refused(parameter, `names ${name}, which the template does not select: label ${missing.join('; label ')}`)
}

function noneOf(selector: Selector, oClouds: readonly LabelledOCloud[]): string {
  const known = oClouds.slice(0, NAMED).map(({ name, labels }) => `${name} (${labelsText(labels)})`)
  const more = oClouds.length > known.length ? ` and ${oClouds.length - known.length} more` : ''
  const there = known.length === 0 ? 'none is registered' : `registered are ${known.join(', ')}${more}`
  return `is left out, and no O-Cloud has the labels that the template selects, ${selectorText(selector)}: ${there}`
}

function refused(parameter: string, message: string): ServiceError {
  const field = { pointer: `${PARAMETERS_POINTER}/${parameter}`, message }
  return new ServiceError('TEMPLATE_PARAMETERS', `${field.pointer.slice(1)} ${message}`, { fields: [field] })
}
