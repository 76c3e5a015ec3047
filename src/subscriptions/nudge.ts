/** What a loop sleeps by: a nudge ends the sleep, or lets the next one not begin. */
export interface Nudge {
  nudge(): void
  /** Until the next nudge since the last wait, or for so long. */
  wait(ms?: number): Promise<void>
}

export function createNudge(): Nudge {
  let nudged = false
  let wake: (() => void) | undefined
  return {
    nudge() {
      nudged = true
      wake?.()
    },
    async wait(ms) {
      if (!nudged)
        await new Promise<void>((resolve) => {
          const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      wake = undefined
      nudged = false
    },
  }
}
