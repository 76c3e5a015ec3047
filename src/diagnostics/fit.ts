import type { DiagnosedTarget, Diagnosis } from './schema.ts'

/** Of all that was found, bytes. */
export const MOST_BYTES = 64 * 1024
const LONGEST_WORDS = 1_000

type Shorten = (target: DiagnosedTarget) => DiagnosedTarget

const half = <T>(list: readonly T[] | undefined): T[] | undefined => list?.slice(0, Math.ceil(list.length / 2))
const halfLog = <T extends { log?: string }>(list: readonly T[] | undefined): T[] | undefined =>
  list?.map((item) => (item.log === undefined ? item : { ...item, log: lastHalf(item.log) }))
const lastHalf = (text: string): string => (text.length < 200 ? text : `…${text.slice(text.length / 2)}`)

/** What goes first when not everything fits: what is long and tells least. */
const SHORTEN: Shorten[] = [
  (target) => ({ ...target, kindLogs: target.kindLogs?.map(({ name, text }) => ({ name, text: lastHalf(text) })) }),
  (target) => ({ ...target, operatorLogs: target.operatorLogs?.map((item) => ({ ...item, log: lastHalf(item.log) })) }),
  (target) => ({ ...target, pods: halfLog(target.pods), workloads: halfLog(target.workloads) }),
  (target) => ({ ...target, events: half(target.events), kindLogs: half(target.kindLogs) }),
  (target) => ({
    ...target,
    nodes: half(target.nodes),
    pods: half(target.pods),
    workloads: half(target.workloads),
    operatorLogs: half(target.operatorLogs),
    kptInventory: target.kptInventory?.map((item) => ({ ...item, notCurrent: half(item.notCurrent) ?? [] })),
  }),
]
const ROUNDS = 12

/** The same within so many bytes of JSON, and with no single text longer than a screen of words (logs are longer). */
export function fitted(diagnosis: Diagnosis, mostBytes = MOST_BYTES): Diagnosis {
  let fit: Diagnosis = { ...diagnosis, targets: diagnosis.targets.map(withShortWords) }
  for (let round = 0; round < ROUNDS && sizeOf(fit) > mostBytes; round += 1) {
    for (const shorten of SHORTEN) {
      if (sizeOf(fit) <= mostBytes) break
      fit = { ...fit, shortened: true, targets: fit.targets.map(shorten) }
    }
  }
  while (sizeOf(fit) > mostBytes && fit.targets.length > 0) fit = { ...fit, targets: fit.targets.slice(0, -1) }
  return fit
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

function withShortWords(target: DiagnosedTarget): DiagnosedTarget {
  const short = <T extends { message?: string }>(item: T): T =>
    item.message !== undefined && item.message.length > LONGEST_WORDS
      ? { ...item, message: `${item.message.slice(0, LONGEST_WORDS - 1)}…` }
      : item
  return {
    ...short(target),
    ...(target.events && { events: target.events.map(short) }),
    ...(target.pods && { pods: target.pods.map(short) }),
    ...(target.workloads && { workloads: target.workloads.map(short) }),
  }
}
