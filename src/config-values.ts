import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { type AddressRange, parseRange } from './outgoing/addresses.ts'
import { type HostPort, parseHostPort } from './store/host-port.ts'

/** A whole number within bounds, written in digits. */
export function whole(min: number, max: number, fallback: number) {
  return optionalWhole(min, max).prefault(String(fallback))
}

/** The same, without a default. */
export function optionalWhole(min: number, max: number) {
  return z.string().transform((text, context) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    context.addIssue(`must be a whole number from ${min} to ${max}, not "${text}"`)
    return z.NEVER
  })
}

export function flag(fallback: boolean) {
  return z
    .enum(['true', 'false'], { error: ({ input }) => `must be true or false, not "${input}"` })
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true')
}

/** Names, identifiers or the like, with commas between them. */
export function list() {
  return z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
}

/** Addresses and ranges of them, with commas between them. */
export function addressRanges() {
  return list().transform((items, context) =>
    items.flatMap((item): AddressRange[] => {
      const range = parseRange(item)
      if (range) return [range]
      context.addIssue(`"${item}" is neither an address nor a range like 10.0.0.0/8 or fd00::/8`)
      return []
    }),
  )
}

/** Servers, as `host:port` with commas between them. */
export function hostPorts() {
  return list().transform((items, context) =>
    items.flatMap((item): HostPort[] => {
      const server = parseHostPort(item)
      if (server) return [server]
      context.addIssue(`"${item}" is not of the form host:port`)
      return []
    }),
  )
}

/** The text of a file. */
export function file() {
  return z
    .string()
    .transform((path, context) => {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        context.addIssue(`the file ${path} cannot be read`)
        return z.NEVER
      }
    })
    .optional()
}

/** A URL that requests are sent to. */
export function serverUrl() {
  return z
    .string()
    .refine(isServerUrl, { error: 'must be a http:// or https:// URL without a user name, password or fragment' })
    .optional()
}

/** A URL that paths are put behind; without a slash at its end from here on. */
export function rootUrl() {
  return z
    .string()
    .refine((text) => isServerUrl(text) && new URL(text).search === '', {
      error: 'must be a http:// or https:// URL without a user name, password, query or fragment',
    })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
}

function isServerUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) return false
  const { username, password, hash } = new URL(text)
  return username === '' && password === '' && hash === ''
}
