import type { JsonObject, JsonValue } from '../../json.ts'

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
  /** Who may approve requests that ask for approval; anybody when absent. */
  approvers?: string[]
}
