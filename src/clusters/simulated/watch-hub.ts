import type { ObjectChange, ObjectSpaces } from '../../store/objects.ts'

/** What a watcher wants: one object, one namespace, or everything of the kind. */
export interface Scope {
  namespace?: string
  name?: string
}

export interface Watcher {
  onChange(change: ObjectChange): void
  onGap(): void
}

/**
 * Leads the changes of the feed to those who watch for them: one subscription for each kind, and a change costs only those that it concerns,
 * however many wait.
 */
export interface WatchHub {
  /** Returns the way to stop. */
  add(space: string, kind: string, scope: Scope, watcher: Watcher): () => void
}

interface Kind {
  watchers: Map<string, Set<Watcher>>
  unsubscribe: () => void
}

export function createWatchHub({ objects }: { objects: Pick<ObjectSpaces, 'subscribe'> }): WatchHub {
  const kinds = new Map<string, Kind>()

  function kindOf(space: string, kind: string): Kind {
    const key = `${space} ${kind}`
    const known = kinds.get(key)
    if (known !== undefined) return known
    const watchers: Kind['watchers'] = new Map()
    const unsubscribe = objects.subscribe(
      space,
      kind,
      (change) => {
        for (const route of routesTo(change)) for (const watcher of watchers.get(route) ?? []) watcher.onChange(change)
      },
      () => {
        for (const set of watchers.values()) for (const watcher of set) watcher.onGap()
      },
    )
    const made = { watchers, unsubscribe }
    kinds.set(key, made)
    return made
  }

  return {
    add(space, kind, scope, watcher) {
      const { watchers, unsubscribe } = kindOf(space, kind)
      const route = routeOf(scope)
      const set = watchers.get(route) ?? new Set()
      watchers.set(route, set.add(watcher))
      return () => {
        set.delete(watcher)
        if (set.size > 0 || watchers.get(route) !== set) return
        watchers.delete(route)
        if (watchers.size > 0) return
        unsubscribe()
        kinds.delete(`${space} ${kind}`)
      }
    },
  }
}

const routeOf = ({ namespace = '*', name = '*' }: Scope): string => `${namespace}/${name}`

function routesTo({ namespace, name }: ObjectChange): string[] {
  return [`${namespace}/${name}`, `${namespace}/*`, `*/${name}`, '*/*']
}
