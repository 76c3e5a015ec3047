import type { Logger } from 'pino'
import type { TraceSettings } from './settings.ts'

/** Starts tracing when it is asked for. The SDK is not even loaded when it is not. Resolves with how to send what is left and end it. */
export async function startTracing(settings: TraceSettings, log: Logger): Promise<() => Promise<void>> {
  if (settings.tracesUrl === undefined && settings.tracesFile === undefined) return async () => undefined
  const { startSdk } = await import('./sdk.ts')
  return startSdk(settings, log)
}
