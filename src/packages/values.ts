import type { JsonObject } from '../json.ts'
import { isKptfile, type PackageDocument } from './documents.ts'
import { setInFunctions } from './pipeline.ts'
import { applySetters, setterNames } from './setters.ts'

/** Sets the values in a package's documents, where setters and where the configuration of apply-setters takes them. INVALID_ARGS for one that nothing takes, or that does not fit. */
export function setValues(documents: readonly PackageDocument[], values: JsonObject): void {
  const taken = setInFunctions(documents, values)
  applySetters(resourcesOf(documents), values, taken)
}

/** Those of the values that the package takes. */
export function valuesFor(documents: readonly PackageDocument[], values: JsonObject): JsonObject {
  const known = new Set([...setterNames(resourcesOf(documents)), ...setInFunctions(documents, {})])
  return Object.fromEntries(Object.entries(values).filter(([name]) => known.has(name)))
}

function resourcesOf(documents: readonly PackageDocument[]) {
  return documents.filter(({ path }) => !isKptfile(path)).map(({ document }) => document)
}
