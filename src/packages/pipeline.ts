import { posix } from 'node:path'
import { isMap, isScalar, isSeq, type YAMLMap } from 'yaml'
import { at, listAt } from '../clusters/fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isKptfile, type PackageDocument, plainOf, type Refuse } from './documents.ts'

const APPLY_SETTERS = /(^|\/)apply-setters(:|@|$)/

/** The Kptfiles whose pipeline has functions. */
export function kptfilesWithFunctions(documents: readonly PackageDocument[], refuse: Refuse): string[] {
  return documents.flatMap((kptfile) => {
    if (!isKptfile(kptfile.path)) return []
    const pipeline = at(plainOf(kptfile, refuse), 'pipeline')
    return listAt(pipeline, 'mutators').length + listAt(pipeline, 'validators').length > 0 ? [kptfile.path] : []
  })
}

/**
 * Sets values where kpt's own function `apply-setters` takes them from, in its configMap or the file of its configPath: it runs after us and would set everything back. Answers the
 * names that are taken there.
 */
export function setInFunctions(documents: readonly PackageDocument[], values: JsonObject): string[] {
  const maps = documents.filter(({ path }) => isKptfile(path)).flatMap((kptfile) => settersOf(kptfile, documents))
  const names = new Set<string>()
  for (const map of maps) {
    for (const { key } of map.items) {
      const name = isScalar(key) ? String(key.value) : String(key)
      names.add(name)
      const value = Object.hasOwn(values, name) ? values[name] : undefined
      if (value !== undefined) map.set(key, asText(value))
    }
  }
  return [...names]
}

function settersOf({ path, document }: PackageDocument, documents: readonly PackageDocument[]): YAMLMap[] {
  const mutators = document.getIn(['pipeline', 'mutators'])
  const functions = isSeq(mutators) ? mutators.items.filter(isMap) : []
  return functions
    .filter((one) => APPLY_SETTERS.test(String(one.get('image') ?? '')))
    .flatMap((one) => {
      const configPath = one.get('configPath')
      const file = typeof configPath === 'string' ? posix.join(posix.dirname(path), configPath) : undefined
      const elsewhere = documents.filter((other) => other.path === file).map((other) => other.document.get('data'))
      return [one.get('configMap'), ...elsewhere].filter(isMap)
    })
}

/** The function takes text; a list as YAML in it. */
function asText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
