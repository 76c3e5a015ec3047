import { ServiceError } from '../errors.ts'
import { pointer } from './check.ts'

/** INVALID_QUERY for a query whose percent-encoding is broken: the router would take it as it stands. */
export function checkEncoding(url: string): void {
  if (!url.includes('%')) return
  const [, query = ''] = url.split(/\?(.*)/s)
  if (decodes(query)) return
  for (const parameter of query.split('&').filter((text) => !decodes(text))) {
    const [name = '', value = ''] = parameter.split(/=(.*)/s)
    const message = `at character ${brokenAt(value) + 1} as it was sent: expected % only before two hexadecimal digits, and UTF-8`
    throw new ServiceError('INVALID_QUERY', `${name} ${message}`, { fields: [{ pointer: pointer([name]), message }] })
  }
}

function brokenAt(value: string): number {
  const encoded = [...value.matchAll(/(?:%[0-9a-f]{2})+|%/gi)]
  return encoded.find(([text]) => !decodes(text))?.index ?? 0
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
