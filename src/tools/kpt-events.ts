import { z } from 'zod'

/** What kpt says of one object. It knows the group, not the version. */
export interface KptObject {
  group: string
  kind: string
  namespace: string
  name: string
}

/** A line of `--output json` that we act upon. */
export type KptEvent =
  /** Something was done to an object: `wait` is its becoming ready (or gone). */
  | { type: 'apply' | 'prune' | 'delete' | 'wait'; object: KptObject; status: KptStatus; error: string | undefined }
  /** What the object says of itself while it comes up. */
  | { type: 'status'; object: KptObject; status: string; message: string }
  /** The whole run ended. */
  | { type: 'error'; error: string }

export type KptStatus = 'Pending' | 'Successful' | 'Skipped' | 'Failed' | 'Timeout'

const object = { group: z.string(), kind: z.string(), namespace: z.string().default(''), name: z.string() }
const LINE = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['apply', 'prune', 'delete', 'wait']),
    ...object,
    status: z.enum(['Pending', 'Successful', 'Skipped', 'Failed', 'Timeout']),
    error: z.string().optional(),
  }),
  z.object({ type: z.literal('status'), ...object, status: z.string(), message: z.string().default('') }),
  z.object({ type: z.literal('error'), error: z.string() }),
])

/** Undefined for a line that tells nothing of an object: the beginnings and ends of groups, summaries, plain words. */
export function parseKptEvent(line: string): KptEvent | undefined {
  if (!line.startsWith('{')) return undefined
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return undefined
  }
  const { success, data } = LINE.safeParse(json)
  if (!success) return undefined
  if (data.type === 'error') return data
  const { group, kind, namespace, name, ...rest } = data
  const named = { group, kind, namespace, name }
  if (rest.type === 'status') return { type: rest.type, object: named, status: rest.status, message: rest.message }
  return { type: rest.type, object: named, status: rest.status, error: rest.error }
}

/** One text for one object, whatever its version. */
export function keyOfObject({ group, kind, namespace, name }: KptObject): string {
  return [group, kind, namespace, name].join('/')
}

/** As kubectl writes it: `deployments.apps "cu"` would need the plural, so `Deployment "cu"`. */
export function nameOfObject({ kind, name }: KptObject): string {
  return `${kind} "${name}"`
}
