import { ServiceError } from '../errors.ts'

/** The offered media type that Accept likes best; the first when the header is absent. NOT_ACCEPTABLE when it takes none of them. */
export function negotiate(accept: string | undefined, offered: readonly string[]): string {
  const ranges = (accept ?? '*/*').split(',').map(parse)
  const quality = (type: string) => Math.max(0, ...bestMatches(ranges, type))
  const ranked = offered.map((type) => ({ type, quality: quality(type) })).sort((a, b) => b.quality - a.quality)
  const best = ranked[0]
  if (best === undefined || best.quality === 0)
    throw new ServiceError('NOT_ACCEPTABLE', `only ${offered.join(' and ')} can be answered here`)
  return best.type
}

interface Range {
  type: string
  quality: number
}

function parse(part: string): Range {
  const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  const value = quality === undefined ? 1 : Number(quality)
  return { type, quality: value >= 0 && value <= 1 ? value : 0 }
}

/** The most specific range decides (RFC 9110 12.5.1). */
function bestMatches(ranges: Range[], type: string): number[] {
  const family = `${type.split('/')[0]}/*`
  for (const wanted of [type, family, '*/*']) {
    const found = ranges.filter((range) => range.type === wanted)
    if (found.length > 0) return found.map((range) => range.quality)
  }
  return []
}
