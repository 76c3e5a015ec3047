/** Reads what stands at a path of plain JSON; undefined where anything on the way is missing or is no object. */
export function at(value: unknown, ...path: string[]): unknown {
  let current = value
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

export function numberAt(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, ...path)
  return typeof found === 'number' ? found : undefined
}

export function stringAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** The list at that path; empty where there is none. */
export function listAt(value: unknown, ...path: string[]): unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
}

/** The condition of that type in `status.conditions`. */
export function conditionOf(object: unknown, type: string): Condition | undefined {
  for (const entry of listAt(object, 'status', 'conditions')) {
    if (stringAt(entry, 'type') !== type) continue
    return {
      type,
      status: stringAt(entry, 'status') ?? 'Unknown',
      reason: stringAt(entry, 'reason'),
      message: stringAt(entry, 'message'),
    }
  }
  return undefined
}

/** The API group of an apiVersion; empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}
