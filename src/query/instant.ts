const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/** Nanoseconds since 1970 of an RFC 3339 date-time, so that any two of them compare as instants; undefined for anything else. */
export function instantOf(text: string): bigint | undefined {
  const [, day = '', time = '', fraction = '', offset = ''] = DATE_TIME.exec(text) ?? []
  const midnight = Date.parse(`${day}T00:00:00Z`)
  // Date.parse reads the 30th of February as the 2nd of March
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return undefined
  const milliseconds = Date.parse(`${day}T${time}${offset.toUpperCase()}`)
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
}
