import type { JsonObject, JsonValue } from '../../json.ts'
import type { Hooks, NetworkPolicyRules, Quota, Selector } from './field-schema.ts'

export interface TemplateStep {
  name: string
  uses: string
  with?: Record<string, JsonValue>
}

/** A published template. Immutable. */
export interface Template {
  name: string
  version: string
  description: string
  result: 'nodeCluster' | 'resources'
  timeoutSeconds: number
  /** JSON Schema 2020-12. A property with `writeOnly: true` is a secret: stored encrypted, never answered. */
  parameterSchema: JsonObject
  steps: TemplateStep[]
  /** Which O-Clouds a request may name; one that names none gets the first of them. */
  targetSelector?: Selector
  /** `quota`, `networkPolicy` and `hooks` become steps of their own, see expansion.ts. */
  quota?: Quota
  networkPolicy?: NetworkPolicyRules
  hooks?: Hooks
  /** Who may approve requests that ask for approval; anybody when absent. */
  approvers?: string[]
}
