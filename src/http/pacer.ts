import { setImmediate } from 'node:timers/promises'

/** So long one thing may keep everything else waiting. */
const TURN_MS = 10

export interface Pacer {
  isDue(): boolean
  rest(): Promise<void>
}

/** For long work in the middle of a service: it asks between its parts whether it is time to let others have their turn. */
export function createPacer(): Pacer {
  let since = performance.now()
  return {
    isDue: () => performance.now() - since > TURN_MS,
    async rest() {
      await setImmediate()
      since = performance.now()
    },
  }
}
