/** A value as `lua/values.ts` keeps it: `<n> <position> <value as JSON>`. */
export function openValue(stored: string): { n: number; position: number; text: string } {
  const first = stored.indexOf(' ')
  const second = stored.indexOf(' ', first + 1)
  return {
    n: Number(stored.slice(0, first)),
    position: Number(stored.slice(first + 1, second)),
    text: stored.slice(second + 1),
  }
}
