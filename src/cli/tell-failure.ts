import { CommandFailure, problemOf } from './client/failure.ts'

/** `--output json` in the arguments, also when they cannot be parsed. */
export function wantsJson(args: readonly string[]): boolean {
  const last = args.findLast((arg, index) => arg.startsWith('--output=') || args[index - 1] === '--output')
  return last === 'json' || last === '--output=json'
}

/** What ended a command, as it is printed on standard error: prose with what to do, or one JSON object. */
export function failureText(error: unknown, json: boolean): string {
  const failure =
    error instanceof CommandFailure
      ? error
      : new CommandFailure(error instanceof Error ? (error.stack ?? error.message) : String(error))
  if (json) return `${JSON.stringify(problemOf(failure), null, 2)}\n`
  return `error: ${failure.message}\n${failure.hint ? `${failure.hint}\n` : ''}`
}

/** A wrong command line, which the parser tells as `error: …`. */
export function usageText(message: string, json: boolean): string {
  return json ? failureText(new CommandFailure(message.replace(/^error: /, '').trim()), true) : message
}
