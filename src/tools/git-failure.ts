import { ServiceError } from '../errors.ts'
import { tailOf } from './redact.ts'

const LONGEST = 600

interface Meaning {
  words: RegExp
  says: string
}

/** What the server decided, whatever else ssh or git say around it. In this order: an answer "not found" may come with the words of the next. */
const REFUSED: readonly Meaning[] = [
  {
    words: /terminal prompts disabled|could not read Username/,
    says: 'asks for a credential; give one, or check that the repository exists',
  },
  {
    words:
      /Authentication failed|could not read Password|returned error: 40[13]|Permission denied \(|Too many authentication failures|Load key .*(invalid|libcrypto)/,
    says: 'refuses the credential',
  },
  {
    words: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    says: 'shows a host key that is not known; name it in hostKeys, or in known_hosts of the worker',
  },
  { words: /Unable to negotiate with/, says: 'and the ssh of the worker have no algorithm in common' },
]

/** Lost on the way rather than refused, whatever else stands beside it. */
const AWAY =
  /Could not resolve host|Failed to connect|Connection (refused|reset|timed out|closed)|Connection to .* timed out|No route to host|Network is unreachable|returned error: (408|425|429|5\d\d)|Operation too slow|early EOF|hung up unexpectedly|unexpected disconnect|GnuTLS recv error|SSL_ERROR_SYSCALL|non-properly terminated|(pull|push) function|unexpected eof|(SSL|TLS) connection timeout|Temporary failure in name resolution/

/** What stays as it is, unless the server was away. */
const WRONG: readonly Meaning[] = [
  {
    words:
      /repository .*not found|does not appear to be a git repository|returned error: (404|410)|not valid: is this a git repository|Could not read from remote repository/,
    says: 'is no repository that can be read',
  },
  {
    words: /dumb http transport|protocol error: bad line length|invalid server response/,
    says: 'does not speak the protocol of git (for http: git http-backend, or a server like it)',
  },
  {
    words: /unable to update url base from redirection|returned error: 30\d/,
    says: 'leads elsewhere; give the address where the repository really is',
  },
  { words: /returned error: 4\d\d/, says: 'refuses the request' },
  { words: /certificate|SSL|TLS/, says: 'cannot be trusted: its certificate, or its TLS, does not hold' },
  { words: /mismatched algorithms|object format/, says: 'has another object format than the commit that was named' },
  {
    words: /transport .* not allowed|protocol .* (is )?not supported|bad\/illegal format/,
    says: 'has a scheme, a host or a port that is not allowed',
  },
]

/** PREFLIGHT_FAILED for what the server refuses; UNAVAILABLE (retryable) for a server that is away, and for words that are not known. */
export function gitFailure(
  { url }: { url: string },
  { exitCode, lastWords }: { exitCode: number; lastWords: string },
): ServiceError {
  const words = tailOf(lastWords, LONGEST) || `git ended with exit code ${exitCode}`
  const meaning =
    REFUSED.find(({ words }) => words.test(lastWords)) ??
    (AWAY.test(lastWords) ? undefined : WRONG.find(({ words }) => words.test(lastWords)))
  if (meaning !== undefined) return new ServiceError('PREFLIGHT_FAILED', `${url} ${meaning.says}: ${words}`)
  return new ServiceError('UNAVAILABLE', `${url} cannot be reached: ${words}`, { retryable: true })
}
