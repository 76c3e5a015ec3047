/** Nobody may silence us for longer; the longest pause that can be configured. */
const LONGEST_S = 86_400

/** Seconds of a Retry-After header (RFC 9110 10.2.3: seconds or a date), a day at most; undefined when it says nothing. */
export function retryAfterOf(header: string | string[] | undefined, now = Date.now()): number | undefined {
  if (typeof header !== 'string') return undefined
  const seconds = /^\d+$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - now) / 1000)
  return seconds > 0 ? Math.min(seconds, LONGEST_S) : undefined
}
