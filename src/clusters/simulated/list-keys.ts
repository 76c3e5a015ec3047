import { isObject } from '../fields.ts'

/** How the items of a list are told apart when two managers write it: not at all, by value, or by the fields that name an item. */
export type ListIdentity = { type: 'atomic' } | { type: 'set' } | { type: 'map'; keys: string[] }

const ATOMIC: ListIdentity = { type: 'atomic' }

const BY_NAME: ListIdentity = { type: 'map', keys: ['name'] }

/** The `x-kubernetes-list-map-keys` of the built-in types, by the field that holds the list. */
const BUILT_IN: Record<string, ListIdentity> = {
  containers: BY_NAME,
  initContainers: BY_NAME,
  ephemeralContainers: BY_NAME,
  env: BY_NAME,
  volumes: BY_NAME,
  imagePullSecrets: BY_NAME,
  secrets: BY_NAME,
  resourceClaims: BY_NAME,
  volumeMounts: { type: 'map', keys: ['mountPath'] },
  volumeDevices: { type: 'map', keys: ['devicePath'] },
  hostAliases: { type: 'map', keys: ['ip'] },
  topologySpreadConstraints: { type: 'map', keys: ['topologyKey', 'whenUnsatisfiable'] },
  conditions: { type: 'map', keys: ['type'] },
}

/**
 * The identity of the list at that path. Lists of custom resources are atomic, as they are on a real server when their schema says nothing.
 */
export function listIdentity(path: readonly string[], builtIn: boolean): ListIdentity {
  const field = path.at(-1) ?? ''
  if (path[0] === 'metadata') {
    if (field === 'finalizers') return { type: 'set' }
    if (field === 'ownerReferences') return { type: 'map', keys: ['uid'] }
    return ATOMIC
  }
  if (!builtIn) return ATOMIC
  if (field === 'ports') {
    if (path.includes('containers') || path.includes('initContainers'))
      return { type: 'map', keys: ['containerPort', 'protocol'] }
    return path.length === 2 && path[0] === 'spec' ? { type: 'map', keys: ['port', 'protocol'] } : ATOMIC
  }
  return Object.hasOwn(BUILT_IN, field) ? (BUILT_IN[field] ?? ATOMIC) : ATOMIC
}

/** The item's name within its list, as managedFields write it; undefined when it lacks a naming field. */
export function itemSegment(item: unknown, identity: ListIdentity): string | undefined {
  if (identity.type === 'set') return `v:${JSON.stringify(item)}`
  if (identity.type !== 'map' || !isObject(item)) return undefined
  const named: Record<string, unknown> = {}
  for (const key of identity.keys) {
    const value = item[key] ?? (key === 'protocol' ? 'TCP' : undefined)
    if (value === undefined) return undefined
    named[key] = value
  }
  return `k:${JSON.stringify(named)}`
}

/** Can every item be told from the others? A list with unnamed or doubled items is treated as one value. */
export function segmentsOf(list: readonly unknown[], identity: ListIdentity): string[] | undefined {
  if (identity.type === 'atomic') return undefined
  const segments: string[] = []
  for (const item of list) {
    const segment = itemSegment(item, identity)
    if (segment === undefined || segments.includes(segment)) return undefined
    segments.push(segment)
  }
  return segments
}
