import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, stringAt } from '../../clusters/fields.ts'
import { type Dialect, type OperatorSays, phaseOf } from '../dialects.ts'
import type { Verdict } from './waiting.ts'

/** The request on the O-Cloud, as far as we see it: `unlisted` before the O-Cloud has answered, `refused` when it does not let us look. */
export type RemoteView = KubernetesObject | 'absent' | 'unlisted' | 'refused'

/** What is known of a request at one instant. */
export interface RequestView {
  dialect: Dialect
  remote: RemoteView
  /** It stood there before. */
  remoteSeen: boolean
  /** FoCoM's request; undefined where FoCoM is not asked. */
  focom?: KubernetesObject | 'absent'
}

const PERCENT = { PENDING: 10, PROGRESSING: 50, DELETING: 50 } as const

/**
 * Whether a request has ended. What the O-Cloud itself says counts; FoCoM, which looks every 30 s and holds an outage for the end (nephio.md A.3), counts only where
 * the O-Cloud cannot be asked, or holds nothing.
 */
export function judgeRequest(view: RequestView): Verdict {
  const { remote, remoteSeen, focom, dialect } = view
  if (focom === 'absent') return { failed: 'the FocomProvisioningRequest was removed by somebody else' }
  if (typeof remote === 'object') return judgeRemote(remote, view)
  if (remote === 'absent' && (remoteSeen || focom === undefined))
    return { failed: `the ${dialect.kind.kind} was removed from the O-Cloud by somebody else` }
  if (focom === undefined) return waiting({ phase: 'PENDING', message: 'the O-Cloud has not answered yet' })
  return judgeFocom(focom, remote)
}

function judgeRemote(remote: KubernetesObject, { dialect, focom }: RequestView): Verdict {
  const says = dialect.says(remote)
  const words = told(dialect, says) + (noteOf(remote, says) ?? '') + (contradiction(says, focom) ?? '')
  if (says.phase === 'FULFILLED') return { done: true }
  if (says.phase === 'FAILED') return { failed: words }
  return waiting({ phase: says.phase, message: words })
}

/** What the operator says, with its name unless that is in there. */
export const told = ({ operator }: Dialect, { message }: OperatorSays): string =>
  message.startsWith(operator) ? message : `${operator}: ${message}`

function judgeFocom(focom: KubernetesObject, remote: 'absent' | 'unlisted' | 'refused'): Verdict {
  const phase = phaseOf(stringAt(focom, 'status', 'phase'))
  const words = focomWords(focom)
  const made = stringAt(focom, 'status', 'remoteName') !== undefined
  if (phase === 'FAILED') {
    // It has made the request and lost sight of it: we have not.
    if (made && remote === 'unlisted')
      return waiting({ phase, message: `${words}; the O-Cloud itself has not answered yet` })
    const unreached = remote === 'absent' && !made && UNREACHED.test(words)
    return { failed: unreached ? `${words}; ${ANOTHER_ADDRESS}` : words }
  }
  if (phase !== 'FULFILLED') return waiting({ phase, message: words })
  if (remote === 'refused') return { done: true }
  const missing = remote === 'absent' ? 'the request does not stand on the O-Cloud' : 'the O-Cloud has not answered yet'
  return waiting({ phase, message: `${words}, but ${missing}` })
}

/** How Go, and we, say that nobody is there. */
const UNREACHED =
  /refused|i\/o timeout|no route|no such host|unreachable|cannot be reached|deadline exceeded|certificate/i
const ANOTHER_ADDRESS =
  'the O-Cloud answers here: FoCoM needs an address at which it reaches it, the parameter edgeAddress (VM2_IP or --edge-ip of o2ims provision)'

function waiting({ phase, message }: OperatorSays): Verdict {
  return { done: false, percent: phase === 'PENDING' ? PERCENT.PENDING : PERCENT.PROGRESSING, message }
}

export function focomWords(focom: KubernetesObject): string {
  const phase = stringAt(focom, 'status', 'phase')
  if (phase === undefined) return 'FoCoM has not looked at the request yet'
  const message = stringAt(focom, 'status', 'message')
  return `FoCoM says ${phase}${message === undefined || message === '' ? '' : `: ${message}`}`
}

/** Said where FoCoM has ended, and with something else. */
function contradiction(says: OperatorSays, focom: RequestView['focom']): string | undefined {
  if (typeof focom !== 'object') return undefined
  const phase = phaseOf(stringAt(focom, 'status', 'phase'))
  const ended = phase === 'FAILED' || phase === 'FULFILLED'
  return ended && phase !== says.phase ? ` (${focomWords(focom)}; the O-Cloud's own word counts)` : undefined
}

/** kopf keeps what a handler failed with in an annotation; the old o2ims-operator has no other place for it. */
function noteOf(remote: KubernetesObject, says: OperatorSays): string | undefined {
  if (says.phase !== 'PENDING') return undefined
  for (const [key, text] of Object.entries(remote.metadata.annotations ?? {})) {
    if (!key.endsWith('/create_fn')) continue
    const message = failureIn(text)
    if (message !== undefined) return `; it noted in an annotation: ${message}`
  }
  return undefined
}

function failureIn(text: string): string | undefined {
  try {
    const note: unknown = JSON.parse(text)
    return at(note, 'failure') === true ? stringAt(note, 'message') : undefined
  } catch {
    // An annotation that is no JSON is none of kopf's.
    return undefined
  }
}

/** At the end, for the step's message: what the O-Cloud says, and FoCoM where it says something else. */
export function endWords({ dialect, remote, focom }: RequestView): string {
  if (typeof remote !== 'object')
    return typeof focom === 'object' ? `${focomWords(focom)}; the O-Cloud cannot be asked` : ''
  const says = dialect.says(remote)
  const lag =
    typeof focom === 'object' && phaseOf(stringAt(focom, 'status', 'phase')) !== says.phase
      ? ` (${focomWords(focom)})`
      : ''
  return told(dialect, says) + lag
}
