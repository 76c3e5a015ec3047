import { isIP } from 'node:net'
import { type AddressRange, createAllowance, kindOfAddress } from './addresses.ts'

export interface CallbackRules {
  /** What is wrong with the URL of a callback, so far as it can be told without asking the network; undefined: nothing. Never repeats a part that may be secret. */
  faultOfUrl(text: string): string | undefined
  /** What is wrong with an address to connect to; undefined: nothing. */
  faultOfAddress(address: string): string | undefined
}

export interface CallbackSettings {
  callbackAllowHttp: boolean
  callbackAllowAddresses: readonly AddressRange[]
}

/** Names for metadata services that resolve inside of a cloud only. */
const METADATA_NAMES = new Set(['metadata', 'metadata.google.internal', 'metadata.goog', 'instance-data'])
const LOOPBACK = ['127.0.0.1', '::1']

/** Which URLs may be called because a client asked for it: none that leads into our own network unless a setting allows it. */
export function createCallbackRules({ callbackAllowHttp, callbackAllowAddresses }: CallbackSettings): CallbackRules {
  const allowed = createAllowance(callbackAllowAddresses)

  function faultOfAddress(address: string): string | undefined {
    const kind = kindOfAddress(address)
    if (kind === undefined || allowed(address)) return undefined
    return `leads to a ${kind} address, which CALLBACK_ALLOW_ADDRESSES does not allow`
  }

  function faultOfHost(hostname: string): string | undefined {
    const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
    if (isIP(host) !== 0) return faultOfAddress(host)
    if (METADATA_NAMES.has(host)) return 'leads to a metadata service'
    if (host !== 'localhost' && !host.endsWith('.localhost')) return undefined
    return LOOPBACK.some(allowed) ? undefined : faultOfAddress('127.0.0.1')
  }

  return {
    faultOfAddress,
    faultOfUrl(text) {
      // The parser forgives blanks, backslashes and missing slashes; who checks and who calls must not read them differently
      if (!/^https?:\/\/[^\s\p{Cc}\\]+$/iu.test(text) || !URL.canParse(text)) return 'must be a https:// URL'
      // Also when it is empty, which the parser forgets
      if (/^[^/]+\/+[^/?#]*@/.test(text)) return 'must not hold a user name or a password'
      if (text.includes('#')) return 'must not hold a fragment'
      const url = new URL(text)
      if (url.port === '0') return 'must not name port 0'
      if (url.protocol === 'http:' && !callbackAllowHttp) return 'must be https; CALLBACK_ALLOW_HTTP=true allows http'
      return faultOfHost(url.hostname)
    },
  }
}
