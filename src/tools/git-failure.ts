import { ServiceError } from '../errors.ts'
import { tailOf } from './redact.ts'

const LONGEST = 600

/** What git says, and what it means for whoever asked. In this order: an answer "not found" may come with the words of the next. */
const MEANINGS: readonly { words: RegExp; says: string }[] = [
  {
    words: /terminal prompts disabled|could not read Username/,
    says: 'asks for a credential; give one, or check that the repository exists',
  },
  {
    words:
      /Authentication failed|could not read Password|returned error: 40[13]|Permission denied \(|Load key .*(invalid|libcrypto)/,
    says: 'refuses the credential',
  },
  {
    words: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    says: 'shows a host key that is not known; name it in hostKeys, or in known_hosts of the worker',
  },
  {
    words:
      /repository .*not found|does not appear to be a git repository|returned error: 404|not valid: is this a git repository|Could not read from remote repository/,
    says: 'is no repository that can be read',
  },
  {
    words: /unable to update url base from redirection|returned error: 30\d/,
    says: 'leads elsewhere; give the address where the repository really is',
  },
  { words: /certificate|SSL|TLS/, says: 'shows a certificate that does not hold' },
  { words: /transport .* not allowed|protocol .* (is )?not supported/, says: 'has a scheme that is not allowed' },
]

/** Lost on the way rather than refused, whatever else stands beside it. */
const AWAY =
  /Could not resolve host|Failed to connect|Connection (refused|reset|timed out|closed)|Connection to .* timed out|No route to host|Network is unreachable|returned error: (429|5\d\d)|Operation too slow|early EOF|hung up unexpectedly|unexpected disconnect|GnuTLS recv error|SSL_ERROR_SYSCALL|Temporary failure in name resolution/

/** PREFLIGHT_FAILED for what the server refuses; UNAVAILABLE (retryable) for a server that is away, and for words that are not known. */
export function gitFailure(
  { url }: { url: string },
  { exitCode, lastWords }: { exitCode: number; lastWords: string },
): ServiceError {
  const words = tailOf(lastWords, LONGEST) || `git ended with exit code ${exitCode}`
  const meaning = AWAY.test(lastWords) ? undefined : MEANINGS.find((candidate) => candidate.words.test(lastWords))
  if (meaning !== undefined) return new ServiceError('PREFLIGHT_FAILED', `${url} ${meaning.says}: ${words}`)
  return new ServiceError('UNAVAILABLE', `${url} cannot be reached: ${words}`, { retryable: true })
}
