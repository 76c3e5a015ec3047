import { setTimeout as sleep } from 'node:timers/promises'
import { CommandFailure } from './client/failure.ts'
import { followLog } from './client/log-lines.ts'
import type { Context } from './context.ts'
import { logLineText } from './view/log-line.ts'
import { clean } from './view/text.ts'

/** How long the last lines may take after the request has ended. */
const LAST_LINES_MS = 2_000

/**
 * Prints the log of a request beside what is shown of it, until the request has ended or `end` is called. A log that cannot be shown is told and ends nothing:
 * it is the request that counts.
 */
export function showLog(context: Context, id: string, signal: AbortSignal): { end(): Promise<void> } {
  const { api, form } = context
  const target = form === 'table' ? context.out : context.aside
  const stop = new AbortController()
  const shown = show().catch((error: unknown) => {
    if (!(error instanceof CommandFailure)) throw error
    target.print(`the log cannot be shown: ${clean(error.message.split('\n')[0] ?? '')}`)
  })

  async function show(): Promise<void> {
    const lines = followLog(api, id, { signal: AbortSignal.any([signal, stop.signal]) })
    for await (const line of lines) target.print(logLineText(line, target.canvas()))
  }

  return {
    async end() {
      await Promise.race([shown, sleep(signal.aborted ? 0 : LAST_LINES_MS, undefined, { ref: false })])
      stop.abort()
      await shown
    },
  }
}
