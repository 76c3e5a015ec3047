/** When something that takes a while is done, by name. */
export interface Due {
  /** Milliseconds that are left; 0: it is done, and the name is forgotten. The first call starts the time. */
  left(name: string, ms: number): number
  forget(name: string): void
}

export function createDue(): Due {
  const due = new Map<string, number>()
  return {
    left(name, ms) {
      const now = performance.now()
      const at = due.get(name) ?? now + ms
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
