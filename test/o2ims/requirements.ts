import type { Requirement } from './requirement.ts'
import { GENERAL } from './requirements-general.ts'
import { INVENTORY } from './requirements-inventory.ts'
import { RESULTS } from './requirements-results.ts'

/** The conformance table, in the order of its groups. */
export const REQUIREMENTS: readonly Requirement[] = [...GENERAL, ...RESULTS, ...INVENTORY]
