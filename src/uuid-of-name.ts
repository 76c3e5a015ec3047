import { createHash } from 'node:crypto'

/** The UUID (version 5) of something that has no id of its own: the same for the same words, in every process and after every restart. */
export function uuidOfName(...words: string[]): string {
  const hash = createHash('sha1')
    .update(['o2ims.dev', ...words.map(encodeURIComponent)].join('/'))
    .digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
