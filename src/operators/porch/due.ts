/** When something that takes a while is done, by name. Names hold the uid of their object: one that is made anew starts anew. */
export interface Due {
  /** Milliseconds that are left; 0: it is done, and the name is forgotten. The first call starts the time. */
  left(name: string, ms: number): number
  forget(name: string): void
}

/** Who is there looks when it is time; a name that is overdue for so long is that of an object that was deleted before. */
const ABANDONED_MS = 10 * 60_000

export function createDue(): Due {
  const due = new Map<string, number>()
  return {
    left(name, ms) {
      const now = performance.now()
      const known = due.get(name)
      if (known === undefined) for (const [other, at] of due) if (now - at > ABANDONED_MS) due.delete(other)
      const at = known ?? now + ms
      if (at > now) {
        due.set(name, at)
        return Math.ceil(at - now)
      }
      due.delete(name)
      return 0
    },
    forget: (name) => void due.delete(name),
  }
}
