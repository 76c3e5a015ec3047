import type { Store } from '../store/store.ts'
import type { DeploymentManagerInfo } from './schema.ts'

const MOST = 100

/** The O-Clouds whose inventory is kept: how many can be reached, and which of the first 100. */
export interface Reachability {
  oClouds: { reachable: number; away: number }
  /** By id. */
  reachability: ReadonlyMap<string, boolean>
}

/** Whether the cluster of a deployment manager answered when it was last heard of. */
export const isReachable = ({ extensions }: Pick<DeploymentManagerInfo, 'extensions'>): boolean =>
  extensions?.reachable !== false

/** What the indexes of `reachable` say; the first ones are read again only after something has changed. */
export function createReachability(store: Pick<Store, 'collection'>): () => Promise<Reachability> {
  const managers = store.collection<DeploymentManagerInfo>('inventoryDeploymentManager')
  const count = (value: string) => managers.count({ attribute: 'reachable', value })
  let known: { version: number; reachability: Reachability['reachability'] } | undefined

  async function first(): Promise<Reachability['reachability']> {
    const version = await managers.version()
    if (known?.version !== version) {
      const { items } = await managers.list({ limit: MOST })
      const reachability = new Map(items.map(({ value }) => [value.deploymentManagerId, isReachable(value)]))
      known = { version, reachability }
    }
    return known.reachability
  }

  return async () => {
    const [reachable, away, reachability] = await Promise.all([count('true'), count('false'), first()])
    return { oClouds: { reachable, away }, reachability }
  }
}
