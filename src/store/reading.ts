import type { Reference } from './store.ts'

/** What is read of other records on the way to one write, which compares it (`Reference.mark`): so records that a process has kept may be taken for what they are. */
export interface Reading {
  /** Whether anything was taken as this process had kept it, without asking. */
  readonly tookKept: boolean
  /** Whether a record that was kept may be taken without asking. Never, when all is to be read anew, but for what was read in this very reading. */
  takes(kept: Required<Reference>): boolean
  saw(read: Required<Reference>): void
  /** The reference with the mark that was seen first: whatever else was seen of it makes the write fail. */
  marked(reference: Reference): Reference
}

export function createReading({ anew }: { anew: boolean }): Reading {
  const marks = new Map<string, string>()
  const keyOf = ({ collection, id }: Reference) => `${collection}:${id}`
  let tookKept = false

  function saw(read: Required<Reference>): void {
    const key = keyOf(read)
    if (!marks.has(key)) marks.set(key, read.mark)
  }

  return {
    get tookKept() {
      return tookKept
    },
    takes(kept) {
      if (marks.get(keyOf(kept)) === kept.mark) return true
      if (anew) return false
      tookKept = true
      saw(kept)
      return true
    },
    saw,
    marked(reference) {
      const mark = marks.get(keyOf(reference))
      return mark === undefined ? reference : { ...reference, mark }
    },
  }
}
