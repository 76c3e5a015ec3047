import type { JsonObject } from '../../json.ts'
import type { Reading } from '../../store/reading.ts'
import type { Page, Versioned } from '../../store/store.ts'
import type { Template } from './template.ts'

/** Parameters after the template's schema had its say. */
export interface AcceptedParameters {
  /** Defaults filled in, O-Clouds as ids, writeOnly values taken out. */
  parameters: JsonObject
  /** The writeOnly values, same shape, merged over `parameters` when a step runs. */
  secrets: JsonObject | undefined
  /** Ids of the O-Clouds that `"format": "o-cloud"` parameters name. */
  oCloudIds: string[]
}

/** Rejections are ServiceErrors: NOT_FOUND, ALREADY_EXISTS, IN_USE, INVALID_TEMPLATE (with pointers), UNKNOWN_TEMPLATE, TEMPLATE_PARAMETERS (with pointers), UNAVAILABLE. */
export interface TemplateCatalogue {
  /** Checks schema, steps, references and `uses`; then stores it for good. ALREADY_EXISTS when name and version are known, even with the same content. */
  publish(template: Template): Promise<Versioned<Template>>
  get(name: string, version: string): Promise<Versioned<Template>>
  list(options: { after?: number; limit: number }): Promise<Page<Template>>
  remove(name: string, version: string, expected?: number): Promise<void>
  /** For a request: as it runs, its fields expanded into steps. UNKNOWN_TEMPLATE instead of NOT_FOUND, and says which versions there are. Read anew without `reading`. */
  find(name: string, version: string, reading?: Reading): Promise<Template>
  /**
   * Validates, fills defaults, resolves O-Clouds, chooses one where the template selects it. Pointers start with /templateParameters. `standing` is the id of the O-Cloud that an
   * earlier generation has: it stays chosen.
   */
  accept(
    template: Template,
    parameters: JsonObject,
    options?: { standing?: string | undefined; reading?: Reading },
  ): Promise<AcceptedParameters>
}
