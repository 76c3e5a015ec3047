import type { JsonValue } from '../json.ts'
import type { ObjectSpaces } from './objects.ts'
import type { Change, Outbox } from './outbox-types.ts'
import type { Scan, ScanPage } from './scan-types.ts'

/** A stored record of some collection. `n` grows with every write and makes the ETag; it is the time of the write, so that a record that is made anew, or written to anew after a failover that lost a write, has another one. */
export interface Versioned<T> {
  value: T
  n: number
}

/** A record and where it stands in its collection. */
export interface Listed<T> extends Versioned<T> {
  position: number
}

export interface Page<T> {
  items: Listed<T>[]
  /** Position after the last item, for the next call's `after`; absent on the last page. */
  next?: number
}

/** One entry for the event log of a record. */
export interface LogEntry {
  event: string
  data: JsonValue
}

/** A record of another collection. */
export interface Reference {
  collection: string
  id: string
  /** What it was when it was read (`Peeked.mark`): when it is another one by now, the write fails with ChangedReference. */
  mark?: string
}

/** What happens together with a write, in the same atomic step. */
export interface Alongside {
  /** Appended to the record's event log and to the feed, in order. */
  events?: LogEntry[]
  /** Records of other collections that this one names: they must exist (else the write fails with MissingReference) and cannot be removed while named. Replaces what was named before. */
  references?: Reference[]
  /** A second key of the record, unique in its collection (an O-Cloud's name). Replaces the one before; taken by another record: AlreadyExists. */
  unique?: string
  /** True: work is wanted for this record (see `dueWishes`), now; a number: at that time, in milliseconds since 1970; false: the wish is done. */
  wish?: boolean | number
  /** Fence: the write fails with Fenced unless the stored epoch is this one. */
  epoch?: number
  /** Fence: the same for the epoch of the outbox (`Outbox.takeEpoch`). */
  outboxEpoch?: number
  /** The epoch that is stored from now on. */
  newEpoch?: number
  /** Tells this record from an earlier or later one of the same id (see `Collection.appendLines`, `attach`). */
  incarnation?: string
  /** Appended to the lines that are kept beside the record (see `Collection.lines`). */
  lines?: string[]
  /** Texts that are kept beside the record (see `Collection.attach`), by their names. */
  attachments?: Record<string, string>
  /** By which values of which attributes `Collection.scan` finds the record, a UUID in any case. Replaces all of those before. */
  indexes?: Record<string, string[]>
  /** Appended to the outbox, in order, while any lane of it is open. */
  changes?: Change[]
  /** A lane of the outbox that opens with this write: it takes what is written after it, and not the `changes` beside it. */
  openLane?: string
  /** A lane of the outbox that ends with this write: it does not take the `changes` beside it. */
  closeLane?: string
}

/** Another writer was first. */
export class VersionConflict extends Error {}
/** The epoch has moved on: this worker must stop. */
export class Fenced extends Error {}
export class AlreadyExists extends Error {}
/** A named record of another collection is not there. */
export class MissingReference extends Error {
  readonly reference: { collection: string; id: string }
  constructor(reference: { collection: string; id: string }) {
    super(`${reference.collection} ${reference.id} does not exist`)
    this.reference = reference
  }
}
/** A named record of another collection is not what was read of it. */
export class ChangedReference extends Error {}
/** The record is named by others: `by` holds up to ten of them as `<collection>:<id>`. */
export class StillReferenced extends Error {
  readonly by: string[]
  constructor(by: string[]) {
    super(`still used by ${by.join(', ')}`)
    this.by = by
  }
}

/** A record that was not looked into yet. */
export interface Peeked<T> {
  /** Another one after every write, and for a record that was removed and made anew. */
  mark: string
  n: number
  value(): T
}

/** A collection of JSON records in Redis, ordered by creation, with an event log for each. Every method has a time limit and rejects with ServiceError UNAVAILABLE (retryAfter) when Redis is away. */
export interface Collection<T> {
  readonly name: string
  /** Rejects with AlreadyExists. */
  create(id: string, value: T, alongside?: Alongside): Promise<Versioned<T>>
  get(id: string): Promise<Versioned<T> | undefined>
  /** For who keeps what it has made of a record: read as it is stored, and parsed only when `value` is called. */
  peek(id: string): Promise<Peeked<T> | undefined>
  /** In order of creation; a stable keyset: insertions and deletions never repeat or lose others. */
  list(options: { after?: number; limit: number }): Promise<Page<T>>
  /** Records as they are stored, in order of creation, by bounded looks: go on after `next` until it is absent. The same stable keyset as `list`. */
  scan(scan: Scan): Promise<ScanPage>
  /** How many records there are, or have that value. */
  count(where?: { attribute: string; value: string }): Promise<number>
  /** Grows with every write to the collection: what was read after it was asked for is still true while it is the same. */
  version(): Promise<number>
  /** Compare and set on `n`. Rejects with VersionConflict, Fenced, MissingReference; resolves undefined when the record is gone. */
  replace(id: string, expected: number, value: T, alongside?: Alongside): Promise<Versioned<T> | undefined>
  /**
   * Read, change, compare and set, again after a VersionConflict (bounded). `change` returns undefined to leave it as it is.
   * Resolves undefined when the record is gone.
   */
  update(
    id: string,
    change: (current: Versioned<T>) => { value: T; alongside?: Alongside } | undefined,
  ): Promise<Versioned<T> | undefined>
  /** Rejects with StillReferenced, VersionConflict, Fenced. False when it was not there. The log's last entries still reach the feed. */
  remove(
    id: string,
    expected?: number,
    alongside?: Pick<Alongside, 'events' | 'epoch' | 'changes' | 'closeLane'>,
  ): Promise<boolean>
  /** The id of the record with that unique key. */
  findUnique(key: string): Promise<string | undefined>
  /** `<collection>:<id>` of at most 1000 records that name this one. */
  referencedBy(id: string): Promise<string[]>
  /** Ids of records with a wish whose time has come; each one returned is pushed `againInMs` into the future. */
  dueWishes(options: { limit: number; againInMs: number }): Promise<string[]>
  /** Makes the wish of that record due now. */
  wakeWish(id: string): Promise<void>
  /** Log entries after `after` (exclusive; from the start when absent). `gap` is true when entries after `after` were trimmed. */
  log(
    id: string,
    after?: string,
  ): Promise<{ entries: (LogEntry & { id: string })[]; gap: boolean; last: string | undefined }>
  /**
   * Lines of text beside the record: they go with it, and the oldest go where there are too many (2000, or 256 KiB). False when the record is gone, or is of
   * another incarnation than the one that is given.
   * Told on the feed's topic `<collection>:<id>:lines`; lines that came with a write are not: its events tell.
   */
  appendLines(id: string, lines: string[], incarnation?: string): Promise<boolean>
  /** The lines after the first `after` that were ever written; `gone`: how many of all are kept no more. */
  lines(id: string, after?: number): Promise<{ gone: number; lines: string[] }>
  /** Keeps a text beside the record, which goes with it and is not read with it. Replaces the one of that name. False when the record is gone, or is of another incarnation than the one that is given. */
  attach(id: string, name: string, text: string, incarnation?: string): Promise<boolean>
  attachment(id: string, name: string): Promise<string | undefined>
}

/** Something that passed on the feed. `topic` is `<collection>:<record id>` for log entries, or whatever was published. */
export interface FeedEntry {
  id: string
  topic: string
  event: string
  data: JsonValue
}

/** The one stream that all processes write to and each process reads once (trap 17). */
export interface Feed {
  /** Listens to one topic, or to all topics of a collection by its name; `onGap` is called after a reconnect that lost entries: read the state again. Returns the way to stop. */
  subscribe(topic: string, onEntry: (entry: FeedEntry) => void, onGap: () => void): () => void
  /** Publishes an entry that belongs to no record's log (lock released, simulated object changed). */
  publish(topic: string, event: string, data: JsonValue): Promise<void>
}

/** Named locks with a lease, across processes. */
export interface Locks {
  /**
   * Runs `work` while holding the lock; waits for it by the feed. `signal` ends the waiting; `work` gets a signal that aborts when the lease was lost.
   * `fenced`: the work is kept safe by an epoch of its own, so a lease that expired while everything stood still and that nobody else took is no loss: it is taken again.
   */
  withLock<T>(
    name: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
    options?: { fenced?: boolean },
  ): Promise<T>
}

/**
 * Leases: "this process runs that request". Renewed by one timer for all; expires when the process dies.
 */
export interface Leases {
  /** True when it is ours now, also when it was before. `onLost` is called once when it was lost while we live (Redis away for longer than the lease). */
  take(name: string, onLost?: () => void): Promise<boolean>
  /** Never rejects: what cannot be released now expires by itself. */
  release(name: string): Promise<void>
  /** By any process that may be alive. */
  isHeld(name: string): Promise<boolean>
}

/** Encrypts what is write-only: AES-256-GCM with a key that never enters Redis. */
export interface SecretBox {
  /** `context` is bound to the ciphertext (e.g. the record's id), so that it cannot be moved to another record. */
  seal(plaintext: string, context: string): string
  open(sealed: string, context: string): string
  /** Keyed hash (HMAC-SHA-256, hex): equal inputs are recognised, nothing can be guessed from it. */
  fingerprint(text: string): string
}

/** Everything that the store offers to the slices. */
export interface Store {
  collection<T>(name: string): Collection<T>
  feed: Feed
  locks: Locks
  leases: Leases
  secrets: SecretBox
  outbox: Outbox
  /** The objects of simulated clusters. */
  objects: ObjectSpaces
  /** Resolves when Redis answers; rejects within the time limit otherwise. */
  ping(): Promise<void>
  close(): Promise<void>
}
