import { plainWords } from '../clusters/log-end.ts'
import type { DiagnosedTarget, Diagnosis, PodFinding } from './schema.ts'
import { isUnschedulable, unschedulableSentence } from './unschedulable.ts'

const MOST = 10
const LONGEST_WORDS = 400

/** A sentence, and how likely it is what is wrong: more is likelier. */
export interface Cause {
  weight: number
  sentence: string
  /** The words of others in it. */
  said?: string
  /** The object that failed, where the sentence says hardly more than that; and what it says beyond. */
  about?: { object: string; beyond: string }
}

type Failure = NonNullable<Diagnosis['failure']> & { oCloudId?: string }

/** What is wrong, in plain sentences, the most probable first; empty when nothing was found. Pure. */
export function causesOf(targets: readonly DiagnosedTarget[], failure?: Failure): Cause[] {
  const causes = targets.flatMap((target) => [
    ...unreachable(target, failure),
    ...missing(target),
    ...ofPods(target),
    ...ofWorkloads(target),
    ...ofNodes(target),
    ...ofEvents(target),
    ...ofOperators(target),
  ])
  const byWeight = [...causes, ...ofWords(failure)].sort((a, b) => b.weight - a.weight)
  const first = new Map(byWeight.toReversed().map((cause) => [cause.sentence, cause]))
  return byWeight.filter((cause) => first.get(cause.sentence) === cause).slice(0, MOST)
}

function unreachable({ name, oCloudId, reachable, message }: DiagnosedTarget, failure?: Failure): Cause[] {
  if (reachable || oCloudId === undefined) return []
  const elsewhere = failure?.oCloudId !== undefined && failure.oCloudId !== oCloudId
  const why = message === undefined ? '' : `: ${cut(message)}`
  return [{ weight: elsewhere ? 40 : 95, sentence: `O-Cloud ${name} cannot be reached${why}`, said: message }]
}

function missing({ name, missingKinds = [] }: DiagnosedTarget): Cause[] {
  return missingKinds.map(({ apiVersion, kind }) => ({ weight: 90, sentence: missingKind(name, apiVersion, kind) }))
}

const missingKind = (name: string, apiVersion: string, kind: string): string =>
  `${name} does not know ${kind} of ${apiVersion}: its CustomResourceDefinition (CRD) is missing`

/** One sentence for all pods that have the same trouble. */
function ofPods({ name, pods = [] }: DiagnosedTarget): Cause[] {
  const alike = Map.groupBy(pods, (pod) =>
    JSON.stringify([pod.problem, pod.ours, pod.problem === 'image' ? pod.image : stemOf(pod)]),
  )
  return [...alike.values()].flatMap((group) => {
    const [pod] = group
    if (pod === undefined) return []
    const weight = isUnschedulable(pod.problem) ? OF_UNSCHEDULABLE : WEIGHTS[pod.problem]
    return [
      {
        weight: pod.ours ? weight : weight - 40,
        sentence: sentenceOf(pod, group.length - 1, name),
        said: lastLine(pod.log) || pod.message,
      },
    ]
  })
}

const WEIGHTS = { image: 85, configuration: 84, crash: 80, other: 45 } as const
const OF_UNSCHEDULABLE = 82

/** Pods of one workload are called alike. */
const stemOf = ({ namespace, name, message }: PodFinding): string =>
  `${namespace}/${name.split('-').slice(0, -1).join('-')} ${message}`

function sentenceOf(pod: PodFinding, others: number, oCloud: string): string {
  const more = others > 0 ? ` (and ${others} more)` : ''
  const where = `pod ${pod.namespace}/${pod.name}${more} on ${oCloud}`
  const said = cut(pod.message)
  if (isUnschedulable(pod.problem)) {
    const asks = pod.asks ? `; it asks for cpu ${pod.asks.cpu}, memory ${pod.asks.memory}` : ''
    return unschedulableSentence(pod.problem, where, said, asks)
  }
  switch (pod.problem) {
    case 'image':
      return `image ${pod.image ?? '?'} cannot be pulled for ${where}: ${said}`
    case 'crash': {
      const last = lastLine(pod.log)
      return `container ${pod.container ?? '?'} of ${where} ${said}${last && `; its last words: "${last}"`}`
    }
    case 'configuration':
      return `container ${pod.container ?? '?'} of ${where} cannot be started: ${said}`
    default:
      return `${where} does not run: ${said}`
  }
}

function ofWorkloads({ name, workloads = [] }: DiagnosedTarget): Cause[] {
  return workloads.map(({ object, hook, failed, message, log, pod }) => {
    const last = lastLine(log)
    const job = object.startsWith('Job ')
    const beyond = last ? `; its last words: "${last}"` : pod ? `; its pod ${cut(pod)}` : ''
    const words = `${cut(message)}${beyond}`
    const said = last || pod || message
    if (failed)
      return {
        weight: job ? 88 : 70,
        sentence: `${hook ? 'hook ' : ''}${object} on ${name} failed: ${words}`,
        said,
        // A hook's step has read its last words itself.
        about: { object, beyond: hook ? '' : beyond },
      }
    const refused = /exceeded quota|forbidden|denied/i.test(message)
    return { weight: refused ? 86 : 35, sentence: `${object} on ${name} is not ready: ${words}`, said }
  })
}

function ofNodes({ name, nodes = [] }: DiagnosedTarget): Cause[] {
  const away = nodes.filter(({ ready }) => !ready)
  const pressed = nodes.flatMap((node) =>
    node.conditions.map((condition) => `node ${node.name} on ${name}: ${cut(condition)}`),
  )
  const named = away
    .map((node) => node.name)
    .slice(0, 3)
    .join(', ')
  return [
    ...(away.length === 0
      ? []
      : [
          {
            weight: away.length === nodes.length ? 87 : 60,
            sentence: `${away.length} of ${nodes.length} nodes on ${name} are not ready: ${named}`,
          },
        ]),
    ...pressed.map((sentence) => ({ weight: 50, sentence })),
  ]
}

/** What only an event tells: the pod says nothing of it, or there is no pod at all. */
const TELLING: [RegExp, number][] = [
  [/^FailedCreate$/, 83],
  [/^(FailedMount|FailedAttachVolume|FailedCreatePodSandBox|NetworkNotReady)$/, 75],
  [/^(ProvisioningFailed|FailedBinding)$/, 65],
  [/^Unhealthy$/, 42],
]

function ofEvents({ name, events = [] }: DiagnosedTarget): Cause[] {
  const seen = new Set<string>()
  return events.flatMap(({ type, reason, object, ours, message }) => {
    const weight = ours && type === 'Warning' ? TELLING.find(([pattern]) => pattern.test(reason))?.[1] : undefined
    const kind = `${reason} ${object.split('/')[0]}`
    if (weight === undefined || seen.has(kind)) return []
    seen.add(kind)
    return [{ weight, sentence: `${object} on ${name}: ${reason}: ${cut(message)}`, said: message }]
  })
}

function ofOperators({ name, operatorLogs = [] }: DiagnosedTarget): Cause[] {
  return operatorLogs
    .filter(({ phase }) => phase !== 'Running')
    .map(({ namespace, pod, phase }) => ({
      weight: 55,
      sentence: `the operator does not run on ${name}: pod ${namespace}/${pod} is ${phase}`,
    }))
}

/** What the step itself was told, in words that are known. */
function ofWords(failure?: Failure): Cause[] {
  if (failure === undefined) return []
  const { cause } = failure
  // An API server's refusal, not the sentence of `missingKind`, which says it all.
  const [, apiVersion, kind] = /API server does not know ([\w.\-/]+) (\w+)/.exec(cause) ?? []
  if (apiVersion && kind) return [{ weight: 89, sentence: missingKind('the O-Cloud', apiVersion, kind) }]
  const [, unmatched, version] = /no matches for kind "(\w+)" in version "([^"]+)"/.exec(cause) ?? []
  if (unmatched && version) return [{ weight: 89, sentence: missingKind('the O-Cloud', version, unmatched) }]
  return [{ weight: 10, sentence: `${failure.step === null ? '' : `step ${failure.step}: `}${cut(cause)}` }]
}

/** Failures whose code says only that something did not come about. */
const WITHOUT_CAUSE: ReadonlySet<string> = new Set(['TIMEOUT', 'PROVISIONING_FAILED'])
/** Below this a cause is a hint, or only repeats what the step said. */
const LIKELY = 60

/** The failure's own words, with the true cause where they tell only that time is over or that something did not come about. */
export function explained(failure: Failure, [cause]: readonly Cause[]): string {
  if (cause === undefined || cause.weight < LIKELY || !WITHOUT_CAUSE.has(failure.code)) return failure.cause
  const { said, about, sentence } = cause
  const known = said !== undefined && failure.cause.includes(said)
  if (known || failure.cause.includes(sentence)) return failure.cause
  if (about && failure.cause.includes(about.object)) return `${failure.cause}${about.beyond}`
  return `${failure.cause}; ${sentence}`
}

const lastLine = (log = ''): string => cut(log.trimEnd().split('\n').at(-1) ?? '')

function cut(text: string): string {
  const words = plainWords(text)
  return words.length <= LONGEST_WORDS ? words : `${words.slice(0, LONGEST_WORDS - 1)}…`
}
