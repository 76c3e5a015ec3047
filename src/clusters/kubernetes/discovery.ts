import type { CallOptions, KindRef } from '../cluster.ts'
import { isObject, listAt, stringAt } from '../fields.ts'
import type { Connection } from './connection.ts'
import { isNotFound, refusalOf } from './refusal.ts'

/** How a kind is addressed. */
export interface KindAddress {
  /** e.g. "deployments" */
  plural: string
  namespaced: boolean
  /** e.g. "/apis/apps/v1" */
  root: string
}

export interface Discovery {
  /** Undefined: this server does not serve the kind. Asked anew when the kind is not among what is known. */
  find(kind: KindRef, options?: CallOptions): Promise<KindAddress | undefined>
  /** Forgets what is known of that apiVersion, or of all. */
  forget(apiVersion?: string): void
}

const KNOWN_FOR_MS = 60_000
const API_VERSION = /^(?:[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[a-z0-9]+$/

type Kinds = Map<string, KindAddress>

/** From kind to address, by the server's own lists of resources. */
export function createDiscovery(connection: Connection): Discovery {
  const known = new Map<string, { kinds: Kinds; until: number }>()

  async function ask(apiVersion: string, options: CallOptions): Promise<Kinds> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const answer = await connection.call({ method: 'GET', path: root }, options.signal)
    if (isNotFound(answer)) return new Map()
    if (answer.status !== 200) throw refusalOf(answer, { what: `The kinds of ${apiVersion}` })
    return kindsOf(answer.body, root)
  }

  return {
    async find({ apiVersion, kind }, options = {}) {
      if (!API_VERSION.test(apiVersion)) return undefined
      const cached = known.get(apiVersion)
      if (cached !== undefined && cached.until > Date.now()) {
        const found = cached.kinds.get(kind)
        if (found !== undefined) return found
      }
      const kinds = await ask(apiVersion, options)
      // An apiVersion without kinds is not kept: requests name them, and there is no end to names.
      if (kinds.size > 0) known.set(apiVersion, { kinds, until: Date.now() + KNOWN_FOR_MS })
      else known.delete(apiVersion)
      return kinds.get(kind)
    },
    forget(apiVersion) {
      if (apiVersion === undefined) known.clear()
      else known.delete(apiVersion)
    },
  }
}

function kindsOf(body: unknown, root: string): Kinds {
  const kinds: Kinds = new Map()
  for (const resource of listAt(body, 'resources')) {
    const plural = stringAt(resource, 'name')
    const kind = stringAt(resource, 'kind')
    // "deployments/status" is a part of a kind, not a kind.
    if (plural === undefined || kind === undefined || plural.includes('/') || !isObject(resource)) continue
    kinds.set(kind, { plural, namespaced: resource.namespaced === true, root })
  }
  return kinds
}
