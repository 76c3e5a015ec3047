/** Ids of Redis streams, `<ms>-<number>`: both parts are 64 bits, so they are compared as bigints. */
export function compareStreamIds(a: string, b: string): number {
  const [aMs, aSeq] = parts(a)
  const [bMs, bSeq] = parts(b)
  if (aMs !== bMs) return aMs < bMs ? -1 : 1
  if (aSeq !== bSeq) return aSeq < bSeq ? -1 : 1
  return 0
}

/** True for what Redis takes as an id. */
export function isStreamId(text: string): boolean {
  return /^\d{1,19}-\d{1,19}$/.test(text)
}

function parts(id: string): [bigint, bigint] {
  const [ms = '0', seq = '0'] = id.split('-')
  return [BigInt(ms), BigInt(seq)]
}
