import type { Logger } from 'pino'
import { ServiceError } from '../errors.ts'
import type { Outgoing } from '../outgoing/outgoing.ts'
import type { Store } from '../store/store.ts'
import type { OCloudIdentity } from './identity.ts'
import { startRegistrar } from './registrar.ts'
import { createRegistrations } from './registrations.ts'
import { dueIn, type Registration, wanted } from './rules.ts'

/** How this O-Cloud becomes known to the SMO (O2IMS 2.1.6.2.1, 3.6.5). */
export interface RegistrationService {
  readonly identity: OCloudIdentity
  /** False: no SMO is configured, and the O-Cloud counts as registered. */
  readonly configured: boolean
  /** undefined until somebody has started it for the first time. */
  current(): Promise<Registration | undefined>
  /** For what is there only after the registration (O2IMS 2.1.2.1): rejects with UNAVAILABLE until the SMO has accepted it. */
  guard(): Promise<void>
  /** From now on the SMO is told that this O-Cloud is reached at `apiRoot`, by this process or another one. */
  start(apiRoot: string): Promise<{ stop(): Promise<void> }>
}

export interface RegistrationParts {
  store: Pick<Store, 'collection' | 'feed' | 'locks'>
  outgoing: Pick<Outgoing, 'post'>
  identity: OCloudIdentity
  /** Where the SMO wants to be told. */
  callback: string | undefined
  log: Logger
  clock: () => Date
}

/** Longest Retry-After of the guard, in seconds: an SMO may be back sooner than its next attempt. */
const LONGEST_WAIT_S = 60

export function createRegistration(parts: RegistrationParts): RegistrationService {
  const { store, outgoing, identity, callback, log, clock } = parts
  const registrations = createRegistrations(store)
  /** What stands, until the feed tells of a change. */
  let known: Promise<Registration | undefined> | undefined
  const forget = () => {
    known = undefined
  }
  if (callback !== undefined) registrations.subscribe(forget)

  function read(): Promise<Registration | undefined> {
    if (known) return known
    const reading = registrations.get()
    known = reading
    reading.catch(() => {
      if (known === reading) forget()
    })
    return reading
  }

  return {
    identity,
    configured: callback !== undefined,
    current: registrations.get,
    async guard() {
      if (callback === undefined) return
      const registration = await read()
      if (registration?.state === 'ACCEPTED') return
      const seconds = Math.ceil((dueIn(registration, clock()) ?? 0) / 1000)
      throw new ServiceError(
        'UNAVAILABLE',
        'the SMO has not accepted yet that this O-Cloud is available; /o2ims/v1/registration says why',
        {
          retryAfter: Math.min(Math.max(seconds, 1), LONGEST_WAIT_S),
        },
      )
    },
    async start(apiRoot) {
      if (callback === undefined) return { stop: async () => undefined }
      const { globalCloudId, oCloudId } = identity
      const notification = { globalCloudId, oCloudId, IMS_EP: apiRoot }
      await registrations.update((current) => {
        const next = wanted(current, { callback, notification }, clock())
        return next === current ? undefined : next
      })
      return startRegistrar({ registrations, outgoing, locks: store.locks, log, clock })
    },
  }
}
