import type { Selector } from './field-schema.ts'

type Labels = Readonly<Record<string, string>>

type Expression = NonNullable<Selector['matchExpressions']>[number]

/** What of the selector these labels do not have, in words; empty when they are selected. The rules are those of Kubernetes' label selectors. */
export function mismatches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): string[] {
  const own = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  const unequal = Object.entries(matchLabels).flatMap(([key, value]) =>
    own(key) === value ? [] : [`${key} must be ${quoted(value)} and is ${shown(own(key))}`],
  )
  return [...unequal, ...matchExpressions.flatMap((one) => unmet(one, own(one.key)) ?? [])]
}

function unmet({ key, operator, values = [] }: Expression, value: string | undefined): string | undefined {
  const listed = value !== undefined && values.includes(value)
  switch (operator) {
    case 'In':
      return listed ? undefined : `${key} must be one of ${values.map(quoted).join(', ')} and is ${shown(value)}`
    case 'NotIn':
      return listed ? `${key} must not be ${shown(value)}` : undefined
    case 'Exists':
      return value === undefined ? `${key} must be there` : undefined
    case 'DoesNotExist':
      return value === undefined ? undefined : `${key} must not be there and is ${shown(value)}`
  }
}

/** The selector on one line, as kubectl writes it. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator.toLowerCase()} (${values.join(',')})`
  })
  return [...labels, ...expressions].join(',')
}

export function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? 'no labels' : pairs.sort().join(',')
}

const quoted = (text: string): string => JSON.stringify(text)
const shown = (value: string | undefined): string => (value === undefined ? 'not there' : quoted(value))
