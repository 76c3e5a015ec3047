const MASK = '[secret]'

/** What looks like a secret in anybody's log. The part in front says what it was and stays. */
const PATTERNS: [RegExp, string][] = [
  // The end of a key whose beginning was cut off, then whole keys.
  [/^(?:[A-Za-z0-9+/=]+\s)+-----END [A-Z ]+-----/, MASK],
  [/-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g, MASK],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, MASK],
  [/\b((?:bearer|basic)\s+)[\w\-.~+/]{8,}=*/gi, `$1${MASK}`],
  [/(\bauthorization["']?\s*[=:]\s*["']?)(?!(?:bearer|basic)\s)[^\s"',]{6,}/gi, `$1${MASK}`],
  // What kubeadm joins with.
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, MASK],
  [/(\/\/)[^\s/@:]*:[^\s/@]+@/g, `$1${MASK}@`],
  [
    /(["']?[\w.-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|client-(?:key|certificate)-data|certificate-authority-data|credential)s?["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;}&]+)/gi,
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
