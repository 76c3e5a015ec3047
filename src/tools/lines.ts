/** Longer lines are cut, so that a tool that never ends a line cannot fill the memory. */
const LONGEST_LINE = 256 * 1024

/** Cuts a stream of text into lines, and keeps the unfinished one. */
export function createLineSplitter(onLine: (line: string) => void): { push(chunk: string): void; end(): void } {
  let rest = ''
  const emit = (line: string) => onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  return {
    push(chunk) {
      const lines = (rest + chunk).split('\n')
      rest = (lines.pop() ?? '').slice(0, LONGEST_LINE)
      for (const line of lines) emit(line)
    },
    end() {
      if (rest !== '') emit(rest)
      rest = ''
    },
  }
}

/** The last `limit` characters of a text that comes in pieces. */
export function createTail(limit: number): { push(chunk: string): void; text(): string } {
  let kept = ''
  return {
    push(chunk) {
      kept = (kept + chunk).slice(-limit)
    },
    text: () => kept,
  }
}
