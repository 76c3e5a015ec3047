import type { WatchOptions } from '../cluster.ts'

/** Tells only what is new: that the server is away when an attempt fails that follows a failure, or is the first of all. */
export function createReach(tell: WatchOptions['onReach']): { answered(): void; failed(reason: string): void } {
  let known: boolean | undefined
  let failures = 0
  return {
    answered() {
      failures = 0
      if (known === true) return
      known = true
      tell?.({ reachable: true })
    },
    failed(reason: string) {
      failures += 1
      if (known === false || (known === true && failures === 1)) return
      known = false
      tell?.({ reachable: false, reason })
    },
  }
}
