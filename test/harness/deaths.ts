import type { Cluster } from '../../src/clusters/cluster.ts'

/** The process was killed: not an error that the product knows. */
export class Killed extends Error {}

/**
 * Counts the instants at which a process may die (before and after each write and each checkpoint) and dies at one of them: from then on every call fails,
 * as nothing of a killed process goes on.
 */
export interface Deaths {
  /** An instant passes. */
  instant(what: string): void
  /** Around an effect: an instant before, and one after it whose answer is lost. */
  around<T>(what: string, effect: () => Promise<T>): Promise<T>
  cluster(cluster: Cluster): Cluster
  /** Where it died; undefined when it lived. */
  diedAt(): string | undefined
}

export function dieAt(nth: number): Deaths {
  let passed = 0
  let died: string | undefined
  const instant = (what: string): void => {
    if (died !== undefined) throw new Killed(died)
    passed += 1
    if (passed < nth) return
    died = what
    throw new Killed(died)
  }
  const around = async <T>(what: string, effect: () => Promise<T>): Promise<T> => {
    instant(`before ${what}`)
    const result = await effect()
    instant(`after ${what}`)
    return result
  }
  return {
    instant,
    around,
    diedAt: () => died,
    cluster: (cluster) => ({
      ...cluster,
      apply: (object, options) => {
        const write = () => cluster.apply(object, options)
        return options?.dryRun ? write() : around(`apply of ${object.kind}`, write)
      },
      delete: (ref, options) => {
        const write = () => cluster.delete(ref, options)
        return options?.dryRun ? write() : around(`delete of ${ref.kind}`, write)
      },
      updateStatus: (object, options) =>
        around(`status of ${object.kind}`, () => cluster.updateStatus(object, options)),
    }),
  }
}
