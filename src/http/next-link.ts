import type { FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.ts'
import { pathname } from './paths.ts'

const MARKER = 'nextpage_opaque_marker'
/** Clients and proxies take 8 KiB for a header or for an address, and Node's own client 16 KiB for all headers. */
const MOST_BYTES = 8_000

/**
 * Makes the Link to the next page: the same query on the same path, which may be an alias, with another marker. A query that would make it too large for those who
 * follow it is INVALID_QUERY on every page, whether there is a next one or not.
 */
export function nextLink({ url, query }: FastifyRequest): (marker: string) => string {
  const given = Object.entries(query ?? {})
    .filter(([name]) => name !== MARKER)
    .flatMap(([name, values]) => [values].flat().map((value) => `${name}=${written(String(value))}`))
  const address = `${pathname(url)}?${given.join('&')}`
  if (address.length > MOST_BYTES) {
    const message = `expected at most ${MOST_BYTES} bytes as address and query of a list, commas and semicolons percent-encoded, for each page links to the next one: these are ${address.length}`
    throw new ServiceError('INVALID_QUERY', message, { fields: [{ pointer: largest(given), message }] })
  }
  return (marker) => `<${pathname(url)}?${[...given, `${MARKER}=${written(marker)}`].join('&')}>; rel="next"`
}

function largest(parameters: readonly string[]): string {
  const [most = ''] = parameters.toSorted((a, b) => b.length - a.length)
  return `/${most.split('=', 1)[0]}`
}

/** Commas and semicolons are encoded: there are clients that take a Link apart at them. */
function written(value: string): string {
  return encodeURIComponent(value).replaceAll('%2F', '/')
}
