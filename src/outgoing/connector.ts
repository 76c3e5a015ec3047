import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { AddressRefused } from './failure.ts'
import type { Resolve } from './resolver.ts'

/**
 * Connects to addresses in which `faultOf` finds no fault, and to no other: a name is looked up once for each connection, and what was looked at is what is connected
 * to, so a second answer of the name server changes nothing (DNS rebinding).
 */
export function createGuardedConnector(
  options: buildConnector.BuildOptions,
  faultOf: (address: string) => string | undefined,
  resolve: Resolve,
): buildConnector.connector {
  const lookup: LookupFunction = (hostname, { all }, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const good = addresses.filter(({ address }) => faultOf(address) === undefined)
        const [fault = 'has no address'] = addresses.flatMap(({ address }) => faultOf(address) ?? [])
        const [first] = good
        if (first === undefined) callback(new AddressRefused(fault), '')
        else if (all) callback(null, good)
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
  const connect = buildConnector({ ...options, lookup })
  return (target, callback) => {
    // A literal address is not looked up
    const fault = isIP(target.hostname) === 0 ? undefined : faultOf(target.hostname)
    return fault === undefined ? connect(target, callback) : callback(new AddressRefused(fault), null)
  }
}
