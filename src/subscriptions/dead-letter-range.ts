import type { DeadLetterRange } from './record.ts'

/** Dead letters that a subscription keeps, the newest. */
export const MOST_DEAD_LETTERS = 1000

export const NO_DEAD_LETTERS: DeadLetterRange = { first: 0, next: 0, lost: 0 }

/** After so many more dead letters. `lost`: notifications of which nothing is kept. */
export function withMore({ first, next, lost }: DeadLetterRange, more: number, lostToo = 0): DeadLetterRange {
  const after = { first: Math.max(first, next + more - MOST_DEAD_LETTERS), next: next + more }
  return { ...after, lost: lost + lostToo + (after.first - first) }
}

/** Without those before `to`, which were delivered or are not wanted any more. */
export function withoutUntil({ first, next, lost }: DeadLetterRange, to: number): DeadLetterRange {
  return { first: Math.min(Math.max(first, to), next), next, lost }
}

export const kept = ({ first, next }: DeadLetterRange): number => next - first

/** Under which name a dead letter is kept beside its subscription: the oldest one's place is taken by the newest. */
export const placeOf = (index: number): string => `deadLetter:${index % MOST_DEAD_LETTERS}`
