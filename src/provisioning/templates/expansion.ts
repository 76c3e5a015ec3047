import type { JsonObject, JsonValue } from '../../json.ts'
import type { Hook, NetworkPolicyRules, Quota } from './field-schema.ts'
import { pointerTo } from './pointer.ts'
import { isObject } from './schema-places.ts'
import type { Template, TemplateStep } from './template.ts'

/** A step as it runs, and the place of the template that it comes from. */
export interface ExpandedStep {
  step: TemplateStep
  from: string
}

/**
 * The template as it runs: its fields `quota`, `networkPolicy` and `hooks` are steps among the others, with names of their own. Everything that runs, plans or judges a request
 * sees this one; what was published stays as it is.
 */
export function expanded(template: Template): Template {
  return { ...template, steps: expandedSteps(template).map(({ step }) => step) }
}

/** Nothing of the fields runs before there is a cluster, and nothing of a report after what it tells of. */
export function expandedSteps(template: Template): ExpandedStep[] {
  const { steps, hooks = {} } = template
  const own = steps.map((step, index) => ({ step: checking(step, template), from: pointerTo(['steps', index]) }))
  const where = placeOf(template)
  if (where === undefined) return own
  const before = [...quotaStep(template, where), ...policyStep(template, where), ...hookSteps('preProvision')]
  const start = where.after === undefined ? leading(steps) : Math.max(where.after + 1, leading(steps))
  const end = Math.max(steps.length - trailing(steps), start)
  return [
    ...own.slice(0, start),
    ...before,
    ...own.slice(start, end),
    ...hookSteps('postProvision'),
    ...own.slice(end),
    ...hookSteps('preTerminate'),
  ]

  function hookSteps(when: 'preProvision' | 'postProvision' | 'preTerminate'): ExpandedStep[] {
    const uses = when === 'preTerminate' ? 'removal-hook' : 'hook'
    return (hooks[when] ?? []).map((hook, index) => ({
      step: { name: hookStep(hook.name), uses, with: { ...at(where), hook: jsonOf(hook) } },
      from: pointerTo(['hooks', when, index]),
    }))
  }
}

/** The name of the step that a hook becomes. */
export const hookStep = (name: string): string => `hook:${name}`

/** Where quota, network policy and hooks act. */
export interface Place {
  target: string
  namespace: string
  /** The step that makes the target. */
  after?: number
}

/** The cluster of the step called `edge`, else the O-Cloud of the parameter `oCloud` or `edge`, else the only cluster that a step makes. */
export function placeOf({ parameterSchema, steps }: Pick<Template, 'parameterSchema' | 'steps'>): Place | undefined {
  const namespace = '{{ namespace }}'
  const made = steps.flatMap(({ uses, name }, index) => (uses === 'kind-cluster' ? [{ name, index }] : []))
  const parameter = targetParameter(parameterSchema)
  const edge = made.find(({ name }) => name === 'edge')
  if (edge === undefined && parameter !== undefined) return { target: `{{ ${parameter} }}`, namespace }
  const cluster = edge ?? (made.length === 1 ? made[0] : undefined)
  return cluster && { target: `{{ steps.${cluster.name}.oCloudId }}`, namespace, after: cluster.index }
}

/** The parameter that names the O-Cloud of the workload. */
export function targetParameter(schema: JsonObject): 'oCloud' | 'edge' | undefined {
  const { properties } = schema
  const isOCloud = (name: string) => {
    const property = isObject(properties) ? properties[name] : undefined
    return isObject(property) && property.format === 'o-cloud'
  }
  return (['oCloud', 'edge'] as const).find(isOCloud)
}

const at = (place: Place | undefined): Record<string, JsonValue> =>
  place === undefined ? {} : { target: place.target, namespace: place.namespace }

/** The checks at the beginning. */
function leading(steps: readonly TemplateStep[]): number {
  const first = steps.findIndex(({ uses }) => uses !== 'preflight')
  return first < 0 ? steps.length : first
}

function trailing(steps: readonly TemplateStep[]): number {
  const last = steps.findLastIndex(({ uses }) => uses !== 'report')
  return steps.length - last - 1
}

/** A check of a package also checks it against the quota, with the Jobs that run beside it. */
function checking(step: TemplateStep, { quota, hooks }: Template): TemplateStep {
  if (step.uses !== 'preflight' || step.with?.package === undefined || quota === undefined) return step
  const jobs = hooks?.postProvision?.map(jsonOf)
  return { ...step, with: { ...step.with, quota: jsonOf(quota), ...(jobs && { jobs }) } }
}

function quotaStep({ quota, name }: Template, place: Place): ExpandedStep[] {
  return quota === undefined ? [] : [{ step: objectsStep('quota', place, quotaObject(name, quota)), from: '/quota' }]
}

function policyStep({ networkPolicy, name }: Template, place: Place): ExpandedStep[] {
  if (networkPolicy === undefined) return []
  return [{ step: objectsStep('network-policy', place, policyObject(name, networkPolicy)), from: '/networkPolicy' }]
}

/** The namespace comes with it: what limits a workload stands before the workload. */
function objectsStep(name: string, place: Place, object: JsonObject): TemplateStep {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: place.namespace } }
  return { name, uses: 'manifests', with: { ...at(place), objects: [namespace, object] } }
}

const quotaObject = (name: string, hard: Quota): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name },
  spec: { hard: Object.fromEntries(Object.entries(hard).map(([resource, most]) => [resource, String(most)])) },
})

function policyObject(name: string, { podSelector = {}, ingress, egress }: NetworkPolicyRules): JsonObject {
  const policyTypes = [...(ingress ? ['Ingress'] : []), ...(egress ? ['Egress'] : [])]
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name },
    spec: jsonOf({ podSelector, policyTypes, ingress, egress }),
  }
}

/** As it stands on the wire: without what is undefined. */
function jsonOf(value: Hook | Quota | object): JsonObject {
  return JSON.parse(JSON.stringify(value))
}
