/** What is going on in this process that somebody waits for: runs, open event streams. */
export interface Underway {
  /** @param count how many of them there are now */
  watch(count: () => number): void
  any(): boolean
}

/** Each role adds what it does, when it starts. */
export function createUnderway(): Underway {
  const counts: (() => number)[] = []
  return {
    watch(count) {
      counts.push(count)
    },
    any: () => counts.some((count) => count() > 0),
  }
}
