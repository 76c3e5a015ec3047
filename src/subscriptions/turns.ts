import { createPacer } from '../http/pacer.ts'

/** Resolves when it is the caller's turn. */
export type Turn = () => Promise<void>

/** What many lanes do at once goes one after the other, and everything else in this process in between. */
export function createTurns(): Turn {
  const pacer = createPacer()
  let last = Promise.resolve()
  return () => {
    last = last.then(async () => {
      if (pacer.isDue()) await pacer.rest()
    })
    return last
  }
}
