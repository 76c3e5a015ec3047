import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { orAborted } from '../or-aborted.ts'
import type { Outgoing } from '../outgoing/outgoing.ts'
import type { Locks } from '../store/store.ts'
import type { Registrations } from './registrations.ts'
import { attempted, dueIn, isSameNotification, type Registration } from './rules.ts'
import { shownUrl } from './shown-url.ts'

export interface RegistrarParts {
  registrations: Registrations
  outgoing: Pick<Outgoing, 'post'>
  locks: Locks
  log: Logger
  clock: () => Date
}

const LOCK = 'registration'
/** Pause after the store was away. */
const AGAIN_MS = 1000

/** Sends the O-Cloud Available notification until the SMO has accepted it; one process of all that run this does. */
export function startRegistrar(parts: RegistrarParts): { stop(): Promise<void> } {
  const stop = new AbortController()
  const ended = keepRegistering(parts, stop.signal)
  return {
    async stop() {
      stop.abort(new Error('the service stops'))
      await ended
    },
  }
}

async function keepRegistering(parts: RegistrarParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await parts.locks.withLock(LOCK, signal, (held) => register(parts, held))
    } catch (error) {
      if (signal.aborted) return
      parts.log.warn({ reason: messageOf(error) }, 'the registration with the SMO is interrupted')
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Ends only with the signal. */
async function register(parts: RegistrarParts, signal: AbortSignal): Promise<never> {
  const { registrations, clock } = parts
  let changed = Promise.withResolvers<void>()
  const unsubscribe = registrations.subscribe(() => changed.resolve())
  try {
    for (;;) {
      changed = Promise.withResolvers()
      const current = await registrations.get()
      const due = dueIn(current, clock())
      if (current && due === 0) await attempt(parts, current, signal)
      else await orAborted(atMost(due, changed), signal)
    }
  } finally {
    unsubscribe()
  }
}

async function attempt(parts: RegistrarParts, sent: Registration, signal: AbortSignal): Promise<void> {
  const { registrations, outgoing, log, clock } = parts
  const outcome = await outgoing.post(sent.callback, JSON.stringify(sent.notification), { signal, configured: true })
  const stands = await registrations.update((current) =>
    // Another process may want another one by now
    current && isSameNotification(current, sent) ? attempted(current, outcome, clock()) : undefined,
  )
  const { attempts, lastError: reason, nextAttemptAt } = stands ?? sent
  const facts = { smo: shownUrl(sent.callback), attempts, IMS_EP: sent.notification.IMS_EP }
  if (outcome.accepted) log.info(facts, 'the SMO knows that this O-Cloud is available')
  else log.warn({ ...facts, reason, nextAttemptAt }, 'the SMO could not be told that this O-Cloud is available')
}

/** Resolves with the change, or when the time is over. */
function atMost(ms: number | undefined, changed: PromiseWithResolvers<void>): Promise<void> {
  if (ms === undefined) return changed.promise
  const timer = setTimeout(changed.resolve, ms)
  return changed.promise.finally(() => clearTimeout(timer))
}
