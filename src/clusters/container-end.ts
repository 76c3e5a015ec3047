import { numberAt, stringAt } from './fields.ts'

/** How a container ended by its `state` or `lastState`; undefined when it has not ended, or well. */
export function badEndOf(state: unknown): { message: string; exitCode: number } | undefined {
  const exitCode = numberAt(state, 'terminated', 'exitCode')
  if (exitCode === undefined || exitCode === 0) return undefined
  const reason = stringAt(state, 'terminated', 'reason')
  // "Error" tells no more than the exit code.
  const why = [reason === 'Error' ? undefined : reason, stringAt(state, 'terminated', 'message')]
  return { message: [`ended with exit code ${exitCode}`, ...why.filter(Boolean)].join(': '), exitCode }
}
