import { isSecret, looksRandom } from './secret-like.ts'

const MASK = '[secret]'

const NAMES =
  'passw(?:or)?d|passphrase|secret|token|api[-_ ]?key|access[-_]?key|private[-_]?key|client-key-data|credential'
const KEY = `[\\w.-]{0,40}(?:(?:${NAMES})s?|(?<![a-z])_?auth|authorization)`
/** Escaped within a log line in JSON. */
const QUOTE = `\\\\?["']`
const QUOTED = `\\\\"(?:(?!\\\\").)*\\\\"|"(?:[^"\\\\]|\\\\.)*"|'[^']*'`
const VALUE = `(?:${QUOTED}|(?![[{=])[^\\s,;}&]+)`

/** What looks like a secret in anybody's log, wherever it stands. The part in front says what it was and stays. */
const ANYWHERE: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  // JSON in base64: tokens (JWT), credentials of registries
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, MASK],
  [/(?<![\w+/-])eyJ[\w+/-]{16,}={0,2}/g, MASK],
  [/(:\/\/)[^\s/@:"'<>]*:[^\s/"'<>]+@/g, `$1${MASK}@`],
  // A password with a slash in it; a host has its port behind the colon
  [/(:\/\/)[^\s/@:[\]"'<>]+:(?!\d{1,5}(?:[/?#,\s]|$))[^\s@"'<>]{1,200}@/g, `$1${MASK}@`],
  [/([?&](?:sig|(?:x-amz-)?signature)=)[^\s&"']+/gi, `$1${MASK}`],
  [/\b((?:set-)?cookie:[ \t]*)[\w.-]+=[^\r\n"']+/gi, `$1${MASK}`],
  [/\b((?:digest|aws4-hmac-sha256)[ \t]+)(?:[\w-]+=(?:\\?"[^"\\]*\\?"|[^\s,"'\\]+)(?:,[ \t]*)?)+/gi, `$1${MASK}`],
  // A variable of a container
  [
    new RegExp(
      `(name${QUOTE}?:\\s*(?:${QUOTE})?[\\w.-]{0,40}(?:${NAMES})s?(?:${QUOTE})?,?\\s*(?:${QUOTE})?value(?:${QUOTE})?:\\s*)${VALUE}`,
      'gi',
    ),
    `$1${MASK}`,
  ],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, MASK],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abps]-|npm_|dckr_pat_|hvs\.)[\w-]{16,}/g, MASK],
  // Certificates and keys in base64 as kubeconfigs have them
  [/\b[A-Za-z0-9+/]{200,}={0,2}/g, MASK],
]

interface Found {
  key: string
  /** The end of the key, and what parts it from its value. */
  separator: string
  value: string
  /** What stands behind it. */
  rest: string
}

/** What is a secret only if its value looks like one: the words may be about a secret. */
const JUDGED: [RegExp, (found: Found) => boolean][] = [
  [
    /\b(?<key>bearer|basic|token|negotiate|apikey)(?<separator>[ \t]+)(?<value>[\w\-.~+/]+=*)/gi,
    ({ value }) => looksRandom(value.replace(/=+$/, '')),
  ],
  // A flag and its value, also as two items of a list
  [
    new RegExp(
      `(?<key>--${KEY})(?<separator>[ \\t]+|${QUOTE},\\s*(?=${QUOTE}))(?<value>${QUOTED}|[^\\s[{-][^\\s,;]*)`,
      'gi',
    ),
    ({ key, value }) => isSecret({ key, value, assigned: false, inSentence: false }),
  ],
  // key: value, "key": "value", key=value
  [
    new RegExp(`(?<key>${KEY})(?<separator>(?:${QUOTE})?[ \\t]*(?:=>|:=|[=:])[ \\t]*)(?<value>${VALUE})`, 'gi'),
    ({ key, separator, value, rest }) =>
      isSecret({ key, value, assigned: /["'=]/.test(separator), inSentence: /^[ \t]+[A-Za-z]/.test(rest) }),
  ],
]

/** Takes what looks like a secret out of words that others wrote: logs, events, messages. What only speaks of secrets stays. */
export function maskSecrets(text: string): string {
  const known = ANYWHERE.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text)
  return JUDGED.reduce((rest, [pattern, isOne]) => masked(rest, pattern, isOne), known)
}

function masked(text: string, pattern: RegExp, isOne: (found: Found) => boolean): string {
  const search = new RegExp(pattern)
  let done = ''
  let from = 0
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const { key = '', separator = '', value = '' } = match.groups ?? {}
    const [bare, behind] = unquoted(value)
    const start = search.lastIndex - value.length
    const end = search.lastIndex - behind.length
    if (isOne({ key, separator, value: bare, rest: text.slice(end, end + 2) })) {
      done += text.slice(from, start) + MASK
      from = end
    }
    // What is no secret itself may name one.
    else search.lastIndex = start
  }
  return done + text.slice(from)
}

/** The value itself, and what closes around it from before. */
function unquoted(value: string): [value: string, behind: string] {
  const [, , inside] = /^\\?(["'])(.*?)\\?\1$/s.exec(value) ?? []
  if (inside !== undefined) return [inside, '']
  const [behind = ''] = /[)\]"'\\]*$/.exec(value) ?? []
  return [value.slice(0, value.length - behind.length), behind]
}
