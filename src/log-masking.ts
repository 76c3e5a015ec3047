/** Names of fields whose values never reach a log line, compared by their ends, without case, `-` and `_`: `clientSecret`, `client_secret`, `Set-Cookie`. */
const SECRET_NAME =
  /(?:token|password|passwd|passphrase|secret|authorization|cookie|credentials?|kubeconfig|sealed|stringdata|apikey|accesskey|privatekey|encryptionkey|clientkey|clientkeydata)$/
const CENSOR = '[secret]'
/** Objects and lists within each other that are looked into, counted from a field's value. */
const DEEPEST = 6
/** Objects and lists of one line that are looked into. */
const MOST = 2000
/** Errors of Redis and of child processes tell in these what was sent: whole records, arguments. */
const UNTOLD = new Set(['command', 'escapedCommand'])

interface Look {
  /** The objects that the one looked at is within. */
  within: object[]
  left: number
}

/**
 * What a log line or its logger is given, without the values of secret fields at any depth; errors become objects of their message, stack, causes and own fields,
 * without the `command` that failed. Ends at a depth, a number of objects and in circles, with a word in the place of what is left out. Never throws: what cannot be read
 * becomes "[unreadable]". Words within texts are left as they are.
 */
export function maskedFields(fields: object): object {
  try {
    if (fields instanceof Error) return { err: masked(fields) }
    return isHarmless(fields) ? fields : entriesOf(fields, { within: [], left: MOST })
  } catch {
    return { fields: '[unreadable]' }
  }
}

/** The same for one value that is written into a line's text. */
export function masked(value: unknown): unknown {
  return copyOf(value, { within: [], left: MOST })
}

/** Most lines are: a copy of these would take longer than the look. */
function isHarmless(fields: object): boolean {
  for (const [name, value] of Object.entries(fields)) {
    if ((typeof value === 'object' && value !== null) || isSecret(name)) return false
  }
  return true
}

function entriesOf(object: object, look: Look): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(object)) {
    copy[name] = value !== undefined && isSecret(name) ? CENSOR : copyOf(value, look)
  }
  return copy
}

function copyOf(value: unknown, look: Look): unknown {
  // The copy's own toJSON would answer what is not masked
  if (typeof value === 'function') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (look.within.length >= DEEPEST) return '[deep]'
  if (look.within.includes(value)) return '[circular]'
  if (look.left-- <= 0) return '[more]'
  look.within.push(value)
  try {
    return copyOfObject(value, look)
  } catch {
    return '[unreadable]'
  } finally {
    look.within.pop()
  }
}

function copyOfObject(value: object, look: Look): unknown {
  if (value instanceof Error) return copyOfError(value, look)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const json: unknown = value.toJSON()
    return json === value ? entriesOf(value, look) : copyOf(json, look)
  }
  if (Array.isArray(value)) return value.map((item) => copyOf(item, look))
  return entriesOf(value, look)
}

function copyOfError(error: Error, look: Look): unknown {
  const own = Object.entries(error).filter(([name]) => !UNTOLD.has(name))
  const copy = {
    type: error.constructor.name,
    message: error.message,
    stack: error.stack,
    ...entriesOf(Object.fromEntries(own), look),
  }
  const beneath = { cause: error.cause, errors: error instanceof AggregateError ? error.errors : undefined }
  return { ...copy, ...entriesOf(beneath, look) }
}

/** What was found of names: they are few, and asked about for every line. */
const known = new Map<string, boolean>()
const MOST_KNOWN = 2000

function isSecret(name: string): boolean {
  const found = known.get(name)
  if (found !== undefined) return found
  const secret = SECRET_NAME.test(name.replace(/[-_]/g, '').toLowerCase())
  if (known.size < MOST_KNOWN) known.set(name, secret)
  return secret
}
