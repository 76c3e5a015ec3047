import { looksLikeUuid } from '../uuid.ts'
import { booleanOf, isUuid, numberOf } from './comparison.ts'
import type { Clause, Filter } from './filter.ts'

/** More is not looked for: it would cost Redis more than it saves. */
const MAX_GROUPS = 8
const MAX_LITERALS = 16

/**
 * Texts of which, in every group, at least one stands in the JSON text of any record that matches: where none does, the record need not be parsed.
 * For texts that JSON.stringify wrote. Only what is sure is named, so there may be no group at all.
 */
export function literalsOf(filter: Filter): string[][] {
  const groups = filter.flatMap(({ clauses }) => clauses.flatMap(groupsOf))
  return groups.filter((group) => group.length <= MAX_LITERALS).slice(0, MAX_GROUPS)
}

/** What a negative operator asks for is fulfilled by a record that has nothing of it. */
function groupsOf(clause: Clause): string[][] {
  const { operator, path, ofKeys, alone } = clause
  if (operator === 'neq' || operator === 'nin' || operator === 'ncont') return []
  const texts = valueTexts(clause)
  if (ofKeys) return texts ? [texts.map((text) => (operator === 'cont' ? text : `${text}:`))] : []
  const name = `${JSON.stringify(path.at(-1))}:`
  if (!texts) return [[name]]
  return alone && operator !== 'cont' ? [texts.map((text) => name + text)] : [[name], texts]
}

/** How the values stand in the text, each in every form that it may have; undefined where one may stand there in more. */
function valueTexts(clause: Clause): string[] | undefined {
  const texts = clause.values.map((value) => textsOf(value, clause))
  return texts.every((forms) => forms !== undefined) ? texts.flat() : undefined
}

/** With a letter of which the case makes no difference there. */
const PART_OF_UUID = /^(?=.*[a-f])[0-9a-f-]{1,36}$/i

function textsOf(value: string, { operator, type }: Clause): string[] | undefined {
  const plain = JSON.stringify(value) === `"${value}"`
  if (operator === 'cont')
    return plain && value !== '' && !isUuid(type) && !PART_OF_UUID.test(value) ? [value] : undefined
  if (operator !== 'eq' && operator !== 'in') return undefined
  const mayBeText = type.open || [...type.scalars].some((scalar) => scalar !== 'number' && scalar !== 'boolean')
  if (mayBeText && (!plain || isUuid(type) || looksLikeUuid(value))) return undefined
  const read = [numberOf(value), booleanOf(value)].filter((other) => other !== undefined)
  return [...(mayBeText ? [`"${value}"`] : []), ...read.map((other) => JSON.stringify(other))]
}

/** Which values a top-level attribute must have one of, as far as the filter says so, for the attributes that an index knows; UUIDs in whatever case. */
export function equalitiesOf(filter: Filter, indexed: readonly string[]): { attribute: string; values: string[] }[] {
  return filter.flatMap(({ clauses }) =>
    clauses.flatMap(({ operator, path: [attribute, ...deeper], ofKeys, values }) => {
      const known = attribute !== undefined && deeper.length === 0 && !ofKeys && indexed.includes(attribute)
      if (!known || (operator !== 'eq' && operator !== 'in')) return []
      return [{ attribute, values: [...new Set(values)] }]
    }),
  )
}

/** The filter is one equality that an index knows, and nothing else: what the index finds matches. An index knows UUIDs by their type no better than by their look. */
export function isEquality(filter: Filter, indexed: readonly string[]): boolean {
  const [clause, ...more] = filter.flatMap(({ clauses }) => clauses)
  return clause !== undefined && more.length === 0 && !isUuid(clause.type) && equalitiesOf(filter, indexed).length === 1
}
