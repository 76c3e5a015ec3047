import { parseRange } from '../../src/outgoing/addresses.ts'
import type { OutgoingSettings } from '../../src/outgoing/settings.ts'

/** What a lab sets: http, and 127.0.0.1 alone of all that is not public. */
export function labSettings(more: Partial<OutgoingSettings> = {}): OutgoingSettings {
  return {
    callbackAllowHttp: true,
    callbackAllowAddresses: ['127.0.0.1'].flatMap((text) => parseRange(text) ?? []),
    callbackTest: false,
    outgoingTimeoutSeconds: 10,
    ...more,
  }
}
