/** What stands behind the name of a secret. */
export interface NamedValue {
  /** The name, e.g. `client_secret`. */
  key: string
  value: string
  /** Written by a program (`"key": …`, `key=…`), where no sentence goes on. */
  assigned: boolean
  /** Words go on behind it. */
  inSentence: boolean
}

const PASSWORD = /passw(?:or)?d|passphrase/i
/** A password may be any word: these are what is said of one. */
const SAID_OF_PASSWORDS =
  /^(?:an?|and|are|be|cannot|denied|empty|expired|failed|flag|for|from|has|incorrect|invalid|is|may|mismatch|missing|must|needs|no|not|of|on|option|or|refused|rejected|required|requires|should|the|to|too|unknown|unset|was|with|wrong|yes)$/i
const NOTHING = /^(?:|true|false|null|nil|none|undefined|<[\w -]*>|\*+)$/i
const WORD = [
  // Also several words, joined to a name or a path
  /^[A-Za-z]?[a-z]{0,18}(?:[-_/.:]+[a-z]{1,18})*$/,
  // The code of an error: AccessDenied, EOF, INVALID_GRANT
  /^(?:[A-Z]?[a-z]{2,18}){1,6}$/,
  /^[A-Z]{1,12}(?:_[A-Z]{1,12})*$/,
]
/** In front of what an error was caused by: `x509: certificate has expired`. */
const PREFIX = /^[a-z0-9.-]+:$/
const ADDRESS = /^(?:https?:\/\/|\/\/|(?:\/[\w.-]+){2,}:?$|HTTP\/\d)/
const NUMBER = /^\d{1,4}$|^v?\d+(?:\.\d+)+$/
const SHORTEST = 8

/** Whether the value is a secret rather than words about one, the name of one, a number or nothing. */
export function isSecret({ key, value, assigned, inSentence }: NamedValue): boolean {
  if (NOTHING.test(value)) return false
  const plain = isPlain(value)
  if (PASSWORD.test(key)) return !plain || (!SAID_OF_PASSWORDS.test(value) && (assigned || !inSentence))
  if (NUMBER.test(value) || ADDRESS.test(value)) return false
  if (!assigned) return looksRandom(value)
  // Kubernetes' own logs name a Secret so: secret="ran/du-config".
  return !(/^secrets?$/i.test(key) && plain && value.includes('/'))
}

/** Long enough, and nothing that anybody would say. */
export const looksRandom = (value: string): boolean => value.length >= SHORTEST && !isPlain(value)

const isPlain = (value: string): boolean =>
  PREFIX.test(value) ||
  value.split(' ').every((part) => {
    const word = part.replace(/[.:!?]+$/, '')
    return WORD.some((pattern) => pattern.test(word))
  })
