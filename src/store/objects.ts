import type { JsonValue } from '../json.ts'

/** Where an object stands: its kind (`apps/Deployment`) and namespace (empty for cluster-scoped kinds). */
export interface Shelf {
  kind: string
  namespace: string
}

export interface StoredObject extends Shelf {
  name: string
  /** Unique within the space, grows with every write. */
  revision: number
  text: string
}

export interface ObjectWrite {
  shelf: Shelf
  name: string
  /** The revision that must stand; 0: nothing must stand there. */
  expected: number
  /** Absent: removes it. */
  text?: string
  /** What subscribers are told, as JSON: the new state, or the last one of what goes. */
  told: string
}

export interface ObjectGuard {
  shelf: Shelf
  name: string
  /** As `expected`. */
  revision: number
}

/** The same for all subscribers of this process: not theirs to change. */
export interface ObjectChange extends Omit<StoredObject, 'text'> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  told: JsonValue
}

/** The space was never made, or dropped. */
export class NoSuchSpace extends Error {
  constructor(space: string) {
    super(`there are no objects of ${space}`)
  }
}

/**
 * Objects by kind, namespace and name, in spaces of their own: what a simulated cluster keeps. Every change grows the space's revision and reaches the feed in the same atomic
 * step. All but `create`, `exists` and `drop` reject with NoSuchSpace; all reject with ServiceError UNAVAILABLE when Redis is away.
 */
export interface ObjectSpaces {
  /** False when it is there already. */
  create(space: string): Promise<boolean>
  exists(space: string): Promise<boolean>
  /** Removes every key of it. False when it was not there. Nobody is told of the objects. */
  drop(space: string): Promise<boolean>
  /** `revision` is that of the space at the instant of reading. */
  get(space: string, shelf: Shelf, name: string): Promise<{ revision: number; object: StoredObject | undefined }>
  /** All of a kind, or those of one namespace; in no order. */
  list(space: string, kind: string, namespace?: string): Promise<{ revision: number; objects: StoredObject[] }>
  /** Everything that stands in a namespace. */
  namesIn(space: string, namespace: string): Promise<(Shelf & { name: string })[]>
  /** All writes or none; rejects with VersionConflict when a revision is not the expected one. Answers the new revisions. */
  commit(space: string, writes: ObjectWrite[], guards?: ObjectGuard[]): Promise<number[]>
  /** Every change of a kind, in order of revision; `onGap`: changes were lost, read again. Returns the way to stop. */
  subscribe(space: string, kind: string, onChange: (change: ObjectChange) => void, onGap: () => void): () => void
}
