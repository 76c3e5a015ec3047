import { stripVTControlCharacters } from 'node:util'

/** Of a container's output, when nobody says how much. */
export const LOG_LINES = 50
export const LOG_BYTES = 16 * 1024

/** The last lines of a text, at most so many bytes of them, without the line end of the last. What is cut off at the start is a whole number of characters. */
export function endOf(text: string, lines: number, bytes: number): string {
  const last = text
    .replace(/\r?\n$/, '')
    .split('\n')
    .slice(-Math.max(1, lines))
    .join('\n')
  const encoded = Buffer.from(last)
  if (encoded.length <= bytes) return last
  return encoded
    .subarray(encoded.length - bytes)
    .toString('utf8')
    .replace(/^\uFFFD+/, '')
}

/** What was printed, as words in one line: colours and whatever else drives a terminal are left out. */
export function plainWords(printed: string): string {
  return stripVTControlCharacters(printed)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}
