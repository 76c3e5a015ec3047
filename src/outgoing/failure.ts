/** Why a request had no effect that we know of. */
export type FailureKind =
  /** The URL or its address breaks the rules for callbacks. */
  | 'rules'
  | 'name'
  | 'unreachable'
  | 'tls'
  | 'time'
  /** What came back is no HTTP. */
  | 'protocol'
  /** An answer that is not 2xx. */
  | 'status'
  /** No token could be had. */
  | 'token'

/** `reason` is a sentence without a subject ("answered 503"), in our words only: what others say may hold secrets. */
export interface Failure {
  kind: FailureKind
  reason: string
}

/** No address of the host may be connected to. */
export class AddressRefused extends Error {}

/** No token could be had; the message says why, without a secret. */
export class TokenFailure extends Error {}

const WORDS: [RegExp, FailureKind, string][] = [
  [/^ENOTFOUND$/, 'name', 'has a name that is not known'],
  [/^EAI_/, 'name', 'has a name that cannot be looked up at this moment'],
  [/^ECONNREFUSED$/, 'unreachable', 'refused the connection'],
  [/^(E(HOST|NET)UNREACH|ENETDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/, 'unreachable', 'cannot be reached from here'],
  [/^(ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET)$/, 'unreachable', 'broke off the connection'],
  [/^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/, 'time', 'did not answer in time'],
  [/^(HPE_|UND_ERR_HEADERS_OVERFLOW)/, 'protocol', 'answered something that is no HTTP'],
  [/^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|UNABLE_TO|EPROTO|.*SELF_SIGNED|.*_CERT)/, 'tls', 'has no TLS connection for us'],
]

/** Whatever was thrown on the way, in words. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AddressRefused) return { kind: 'rules', reason: error.message }
  if (error instanceof TokenFailure) return { kind: 'token', reason: error.message }
  const code = codeOf(error)
  const [, kind, reason] = WORDS.find(([pattern]) => pattern.test(code)) ?? []
  if (kind === undefined || reason === undefined) return { kind: 'unreachable', reason: `cannot be reached (${code})` }
  return { kind, reason: kind === 'tls' ? `${reason} (${code})` : reason }
}

/** Several addresses that were tried fail as one error without a code of its own. */
function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  // undici's; by its name, for the library is loaded by the first request alone
  if (error instanceof Error && error.name === 'HTTPParserError') return 'HPE_INVALID'
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return error instanceof Error ? error.name : 'unknown'
}
