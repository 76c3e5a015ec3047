import type { IncomingHttpHeaders } from 'node:http'
import { ServiceError } from '../errors.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Keeps other web sites out of a service that trusts whoever reaches it: a Host that is not one of ours is a name that somebody pointed at our address
 * (DNS rebinding); a write with a foreign Origin comes from somebody else's page. There are no CORS headers either. Throws FORBIDDEN.
 *
 * @param allowedHosts host names without a port; undefined: any
 */
export function refuseForeignSites(
  method: string,
  headers: IncomingHttpHeaders,
  allowedHosts: readonly string[] | undefined,
): void {
  if (allowedHosts && !allowedHosts.includes(hostname(headers.host ?? '')))
    throw new ServiceError('FORBIDDEN', 'this service does not answer under that Host name')
  const origin = headers.origin
  if (origin === undefined || SAFE.has(method)) return
  if (!URL.canParse(origin) || new URL(origin).host !== headers.host)
    throw new ServiceError('FORBIDDEN', 'pages of another origin may not write here')
}

/** `[::1]:8080` and `localhost:8080` without the port, lower case. */
function hostname(host: string): string {
  return host.replace(/:[0-9]*$/, '').toLowerCase()
}
