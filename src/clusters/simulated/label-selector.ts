/** True when the labels are selected. */
export type LabelMatch = (labels: Record<string, string> | undefined) => boolean

const KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/
const SET = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/

/**
 * The label selector of the Kubernetes API: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas.
 * Undefined when it cannot be read.
 */
export function parseLabelSelector(selector: string | undefined): LabelMatch | undefined {
  const matches: LabelMatch[] = []
  for (const text of splitOutsideParentheses(selector ?? '')) {
    const match = requirement(text.trim())
    if (match === undefined) return undefined
    matches.push(match)
  }
  return (labels) => matches.every((match) => match(labels))
}

function splitOutsideParentheses(selector: string): string[] {
  if (selector.trim() === '') return []
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const letter of selector) {
    if (letter === '(') depth += 1
    if (letter === ')') depth -= 1
    if (letter === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += letter
  }
  return [...parts, part]
}

function requirement(text: string): LabelMatch | undefined {
  const set = SET.exec(text)
  if (set !== null) {
    const [, key = '', operator, list = ''] = set
    const values = new Set(list.split(',').map((value) => value.trim()))
    if (!KEY.test(key)) return undefined
    return operator === 'in'
      ? (labels) => values.has(label(labels, key) ?? '\0')
      : (labels) => !values.has(label(labels, key) ?? '\0')
  }
  if (text.startsWith('!')) {
    const key = text.slice(1).trim()
    return KEY.test(key) ? (labels) => label(labels, key) === undefined : undefined
  }
  const equality = /^([^=!]+?)\s*(==|=|!=)\s*(\S*)$/.exec(text)
  if (equality !== null) {
    const [, key = '', operator, value] = equality
    if (!KEY.test(key)) return undefined
    return operator === '!=' ? (labels) => label(labels, key) !== value : (labels) => label(labels, key) === value
  }
  return KEY.test(text) ? (labels) => label(labels, text) !== undefined : undefined
}

function label(labels: Record<string, string> | undefined, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
}
