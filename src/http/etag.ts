import type { IncomingHttpHeaders } from 'node:http'
import { ServiceError } from '../errors.ts'

/** The ETag header for a version. */
export function etag(version: string | number): string {
  return `"${version}"`
}

/**
 * The version that If-Match asks for: undefined when the header is absent or `*`. `current` is asked for only when several are listed: the one that
 * is current then, else the first. Rejects with INVALID_ARGS on garbage and PRECONDITION_FAILED on weak tags alone, which never match (RFC 9110 13.1.1).
 */
export async function ifMatch(
  headers: IncomingHttpHeaders,
  current: () => Promise<string>,
): Promise<string | undefined> {
  const header = headers['if-match']
  if (header === undefined || header.trim() === '*') return undefined
  const strong = parse('If-Match', header).filter((tag) => !tag.weak)
  const [first] = strong
  if (first === undefined) throw new ServiceError('PRECONDITION_FAILED', 'weak ETags never match in If-Match')
  if (strong.length === 1) return first.value
  const now = await current()
  return strong.some((tag) => tag.value === now) ? now : first.value
}

/** As `ifMatch`, for versions that are numbers. A tag that is no number matches nothing. */
export async function ifMatchNumber(
  headers: IncomingHttpHeaders,
  current: () => Promise<number>,
): Promise<number | undefined> {
  const tag = await ifMatch(headers, async () => String(await current()))
  if (tag === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(tag)) throw new ServiceError('PRECONDITION_FAILED', 'this ETag is none of this resource')
  return Number(tag)
}

/** True when If-None-Match names this version: the answer is 304. */
export function notModified(headers: IncomingHttpHeaders, version: string | number): boolean {
  const header = headers['if-none-match']
  if (header === undefined) return false
  return header.trim() === '*' || parse('If-None-Match', header).some((tag) => tag.value === String(version))
}

function parse(name: string, header: string): { value: string; weak: boolean }[] {
  return header.split(',').map((part) => {
    const match = /^\s*(W\/)?"([\x21\x23-\x7e]*)"\s*$/.exec(part)
    if (!match) throw new ServiceError('INVALID_ARGS', `${name} must hold ETags in double quotes, or *`)
    return { value: match[2] ?? '', weak: match[1] !== undefined }
  })
}
