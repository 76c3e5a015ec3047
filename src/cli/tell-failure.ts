import { CommandFailure, problemOf } from './client/failure.ts'
import { documentText, type Form } from './form.ts'
import { cleanLines } from './view/text.ts'

/** What ended a command, as it is printed on standard error: prose with what to do, or one JSON or YAML object. */
export function failureText(error: unknown, form: Form): string {
  const failure =
    error instanceof CommandFailure
      ? error
      : new CommandFailure(error instanceof Error ? (error.stack ?? error.message) : String(error))
  if (form !== 'table') return `${documentText(problemOf(failure), form)}\n`
  return cleanLines(`error: ${failure.message}\n${failure.hint ? `${failure.hint}\n` : ''}`)
}

/** A wrong command line, which the parser tells as `error: …`. */
export function usageText(message: string, form: Form): string {
  if (form === 'table') return message
  return failureText(new CommandFailure(message.replace(/^error: /, '').trim()), form)
}
