import { foldUuid } from '../uuid.ts'

/** The hash tag that keeps every key in one slot of a Redis Cluster, so that a Lua script may touch them all. */
const TAG = '{o2ims}'

/** Prefix of BullMQ's keys. */
export const BULL_PREFIX = `${TAG}:bull`

/** `<collection>:<id>`: the name of a record among all collections, and its topic on the feed. */
export function recordName(collection: string, id: string): string {
  return `${collection}:${id}`
}

/** `<collection>:<attribute>:<value>`: under what name records are found by the value of an attribute, a UUID without case as filters compare it. Half of a surrogate pair is more than the decoder in Redis takes. */
export function attributeName(collection: string, attribute: string, value: string): string {
  if (!/^[A-Za-z]\w*$/.test(attribute)) throw new RangeError(`"${attribute}" cannot name an index`)
  return `${collection}:${attribute}:${foldUuid(value).toWellFormed()}`
}

/** Where everything is kept. */
export const KEYS = {
  /** Hash {n, epoch, refs, unique, seq, indexes, incarnation, log0, lineBytes, linesGone, attached:<name>}; a record name follows. */
  recordPrefix: `${TAG}:record:`,
  /** Set of the names of records that name this one; a record name follows. */
  referrersPrefix: `${TAG}:referrers:`,
  /** Sorted set: ids by order of creation; the name of an attribute's value follows. */
  attributePrefix: `${TAG}:attribute:`,
  record: (name: string) => `${KEYS.recordPrefix}${name}`,
  attribute: (name: string) => `${KEYS.attributePrefix}${name}`,
  referrers: (name: string) => `${KEYS.referrersPrefix}${name}`,
  /** Stream of the record's events. */
  log: (name: string) => `${TAG}:log:${name}`,
  /** List of the lines that are kept beside the record. */
  lines: (name: string) => `${TAG}:lines:${name}`,
  /** Hash: id to `<n> <position> <value as JSON>`. */
  values: (collection: string) => `${TAG}:values:${collection}`,
  /** Sorted set: ids by order of creation. */
  index: (collection: string) => `${TAG}:index:${collection}`,
  /** Counter behind the order of creation; raised as well when a record goes or changes its indexes. */
  sequence: (collection: string) => `${TAG}:sequence:${collection}`,
  /** Counter of writes. */
  version: (collection: string) => `${TAG}:version:${collection}`,
  /** Hash: unique key to id. */
  unique: (collection: string) => `${TAG}:unique:${collection}`,
  /** Sorted set: ids by the time (ms) at which their wish is due. */
  wishes: (collection: string) => `${TAG}:wishes:${collection}`,
  feed: `${TAG}:feed`,
  /** Stream of changes {k, d}, by position. */
  outbox: `${TAG}:outbox`,
  /** Hash: lane to the position of what it took last. */
  outboxLanes: `${TAG}:outbox:lanes`,
  /** Hash {newest, epoch}. */
  outboxState: `${TAG}:outbox:state`,
  lock: (name: string) => `${TAG}:lock:${name}`,
  lease: (name: string) => `${TAG}:lease:${name}`,
  /** Counter of a space of objects; the space exists as long as it does. */
  objectRevision: (space: string) => `${TAG}:objects:${space}:revision`,
  /** Set of the names of its shelves. */
  objectShelves: (space: string) => `${TAG}:objects:${space}:shelves`,
  /** Hash of one shelf: name to `<revision> <text>`; the shelf's name follows. */
  objectPrefix: (space: string) => `${TAG}:objects:${space}:shelf:`,
  /** Which layout of keys the data have. */
  layout: `${TAG}:layout`,
  /** A constant, sealed with the encryption key. */
  keyCheck: `${TAG}:key-check`,
}

/** Entries that a record's event log keeps, about. */
export const LOG_LENGTH = 1000
/** Lines kept beside a record, and bytes of them. */
export const MOST_LINES = 2000
export const MOST_LINE_BYTES = 256 * 1024
/** Entries that the feed keeps, about. */
export const FEED_LENGTH = 50_000
/** Entries that the outbox keeps, about, when a lane is slow or stands still. */
export const OUTBOX_LENGTH = 100_000
/** One look at a collection ends when it has read so much, so that neither Redis nor this process holds more at once. */
export const LOOK_BYTES = 2 * 1024 * 1024
