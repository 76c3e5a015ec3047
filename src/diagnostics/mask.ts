const MASK = '[secret]'

/** What looks like a secret in anybody's log. The part in front says what it was and stays. */
const PATTERNS: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, MASK],
  [/\b((?:bearer|basic)\s+)[\w\-.~+/]{8,}=*/gi, `$1${MASK}`],
  [/(:\/\/)[^\s/@:]*:[^\s/@]+@/g, `$1${MASK}@`],
  [
    /(["']?[\w.-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|client-key-data|credential)s?["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;}&]+)/gi,
    `$1${MASK}`,
  ],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, MASK],
  [/\b(?:gh[pousr]_|glpat-|xox[abps]-)[\w-]{16,}/g, MASK],
  // Certificates and keys in base64 as kubeconfigs have them
  [/\b[A-Za-z0-9+/]{200,}={0,2}/g, MASK],
]

/** Takes what looks like a secret out of words that others wrote: logs, events, messages. */
export function maskSecrets(text: string): string {
  return PATTERNS.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text)
}
