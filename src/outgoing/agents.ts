import { Agent } from 'undici'
import type { CallbackRules } from './callback-rules.ts'
import { createGuardedConnector } from './connector.ts'
import type { Resolve } from './resolver.ts'
import { type OutgoingSettings, tlsOf } from './settings.ts'

export interface Agents {
  /** Connects to no address that the rules for callbacks refuse. */
  forCallbacks: Agent
  /** For URLs of our own settings. */
  forConfigured: Agent
}

/** The connections to others. This file alone brings undici: it is loaded by the first request, which most processes never make. */
export function createAgents(settings: OutgoingSettings, rules: CallbackRules, resolve: Resolve): Agents {
  const connect = { ...tlsOf(settings), timeout: settings.outgoingTimeoutSeconds * 1000, allowH2: false }
  const agentWith = (faultOf: (address: string) => string | undefined) =>
    new Agent({
      connect: createGuardedConnector(connect, faultOf, resolve),
      // As many as there are exchanges: a few that hang must not hold up others at the same server. Each subscription has one at a time.
      connections: null,
      pipelining: 1,
      allowH2: false,
    })
  return { forCallbacks: agentWith(rules.faultOfAddress), forConfigured: agentWith(() => undefined) }
}
