import type { Store } from '../store/store.ts'
import { whileLeased } from '../store/while-leased.ts'
import { type ReconcileParts, reconcileInventory } from './reconcile/reconcile.ts'

const LEASE = 'inventory'

/** Lets this process keep Inventory true, unless another one does. */
export function startInventory(parts: ReconcileParts & { store: Pick<Store, 'leases'> }): { stop(): Promise<void> } {
  const { store, log } = parts
  const stop = new AbortController()
  const work = (signal: AbortSignal) => reconcileInventory(parts, signal)
  const ended = whileLeased({ leases: store.leases, name: LEASE, signal: stop.signal, log, work })
  return {
    async stop() {
      stop.abort()
      await ended
    },
  }
}
