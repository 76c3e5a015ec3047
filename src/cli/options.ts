import { InvalidArgumentError } from 'commander'

/** For an option that takes a whole number within bounds; the parser names the option before what is said here. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

/** For an option that may be given several times, each time `key=value`. */
export function keyAndValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must look like key=value.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}
