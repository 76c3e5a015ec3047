import type { Holds } from './holds.ts'
import { KEYS } from './keys.ts'
import type { Leases } from './store.ts'

/** Leases of this process; a lease of a dead process of this host is void at once, of another host after leaseMs. */
export function createLeases({ holds }: { holds: Holds }): Leases {
  return {
    async take(name, onLost = () => undefined) {
      return (await holds.take(KEYS.lease(name), onLost)).taken
    },
    release: (name) => holds.release(KEYS.lease(name)),
    isHeld: (name) => holds.isHeld(KEYS.lease(name)),
  }
}
