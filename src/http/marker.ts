import { createHmac, timingSafeEqual } from 'node:crypto'
import { ServiceError } from '../errors.ts'

/** Opaque markers for the next page of a list (SOL 013 5.4.2): a position that only we can write, bound to its list. */
export interface Markers {
  seal(list: string, after: number): string
  /** INVALID_QUERY when it was not made by `seal` for this list: its path and its filter. */
  open(list: string, marker: string): number
}

/** @param key the same on every replica */
export function createMarkers(key: string): Markers {
  const sign = (list: string, position: string) =>
    createHmac('sha256', key).update(`${list}\n${position}`).digest().subarray(0, 16)
  return {
    seal(list, after) {
      const position = String(after)
      return Buffer.concat([sign(list, position), Buffer.from(position)]).toString('base64url')
    },
    open(list, marker) {
      const bytes = /^[A-Za-z0-9_-]{1,128}$/.test(marker) ? Buffer.from(marker, 'base64url') : Buffer.alloc(0)
      const position = bytes.subarray(16).toString()
      const signature = bytes.subarray(0, 16)
      if (signature.length !== 16 || !timingSafeEqual(signature, sign(list, position)))
        throw new ServiceError('INVALID_QUERY', 'the marker was not made by this list with this filter', {
          fields: [{ pointer: '/nextpage_opaque_marker', message: 'was not made by this list with this filter' }],
        })
      return Number(position)
    },
  }
}
