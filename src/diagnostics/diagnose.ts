import { causesOf } from './causes.ts'
import { fitted } from './fit.ts'
import { lookAt } from './look-at.ts'
import { maskSecrets } from './mask.ts'
import type { DiagnosedTarget, Diagnosis } from './schema.ts'
import type { DiagnosePorts, Subject } from './subject.ts'

export interface DiagnoseOptions {
  /** Milliseconds for everything together. */
  limitMs: number
  signal: AbortSignal
  /** Blots out the secrets of the request. */
  redact: (text: string) => string
  ports: DiagnosePorts
  clock: () => Date
}

/**
 * Looks at everything that a request has to do with and says what is wrong. Each look has a limit of its own, so that one that hangs does not spoil the
 * others; what could not be had is named. Rejects with the reason of the signal, and with nothing else.
 */
export async function diagnose(subject: Subject, options: DiagnoseOptions): Promise<Diagnosis> {
  const { signal, redact, clock, ports, limitMs } = options
  const { reference, since, failure, generation, phase } = subject
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  const found = await Promise.all(
    subject.targets.map((target) => lookAt(target, { reference, since, ports, signal: limited })),
  )
  signal.throwIfAborted()
  const targets = withWords(found, (text) => maskSecrets(redact(text)))
  return fitted({
    collectedAt: clock().toISOString(),
    generation,
    phase,
    ...(failure && { failure: { code: failure.code, step: failure.step, cause: failure.cause } }),
    causes: causesOf(targets, failure).map(({ sentence }) => sentence),
    targets,
  })
}

/** The same with every text in it masked. */
function withWords(value: DiagnosedTarget[], mask: (text: string) => string): DiagnosedTarget[] {
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) => (typeof item === 'string' ? mask(item) : item))
}
