import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../../clusters/fields.ts'

const LONGEST_VALUE = 80

/** Where `live` is not what `wanted` asks for, in words; what only `live` has is no difference. Never used on Secrets. */
export function differences(wanted: unknown, live: unknown, path = ''): string[] {
  if (Array.isArray(wanted) && Array.isArray(live) && wanted.length === live.length)
    return wanted.flatMap((item, index) => differences(item, live[index], `${path}[${index}]`))
  if (isObject(wanted) && isObject(live))
    return Object.entries(wanted).flatMap(([key, value]) =>
      differences(value, live[key], path === '' ? key : `${path}.${key}`),
    )
  return isDeepStrictEqual(wanted, live) ? [] : [`${path} is ${shown(live)}, not ${shown(wanted)}`]
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing')
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}
