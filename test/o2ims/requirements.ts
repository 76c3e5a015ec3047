import type { Requirement } from './requirement.ts'
import { INVENTORY } from './requirements-inventory.ts'
import { PROTOCOL } from './requirements-protocol.ts'

/** The conformance table, in the order of its groups. */
export const REQUIREMENTS: readonly Requirement[] = [...PROTOCOL, ...INVENTORY]
