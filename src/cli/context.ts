import type { Command } from 'commander'
import { type Api, createApi } from './client/api.ts'
import { createHttp, serverOf } from './client/http.ts'
import type { Again } from './client/refusal.ts'
import { documentText, type Form } from './form.ts'
import { createAgain, thisStart } from './started-as.ts'
import { createTerminal, type Terminal } from './view/terminal.ts'

/** What every command that talks to the service gets. */
export interface Context {
  api: Api
  /** Standard output: results. */
  out: Terminal
  /** Standard error: what is not a result. */
  aside: Terminal
  form: Form
  /** A command line of ours that works for the same server, e.g. for "how to come back". */
  again: Again
}

/** Reads the global options. Throws a CommandFailure when --server is no address. */
export function contextOf(command: Command): Context {
  const { server: given, output } = command.optsWithGlobals<{ server: string; output: Form }>()
  const server = serverOf(given)
  const again = createAgain(thisStart(), server)
  endWithReader(process.stdout)
  return {
    api: createApi({ http: createHttp({ server, again }) }),
    out: createTerminal(process.stdout),
    aside: createTerminal(process.stderr),
    form: output,
    again,
  }
}

/** As SIGPIPE ends a program. */
const BROKEN_PIPE = 141

/** Who reads us (`| head -1`) has seen enough: no error of ours. */
function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(BROKEN_PIPE)
    throw error
  })
}

/**
 * The result on standard output, in the form that was asked for: as JSON or YAML, or for people as `people` says it, which is not called for a program.
 * A form that is not asked for costs nothing.
 */
export function printResult(
  { form, out }: Pick<Context, 'form' | 'out'>,
  result: unknown,
  people: () => string | string[],
): void {
  const text = form === 'table' ? people() : documentText(result, form)
  if (text.length > 0) out.print(text)
}

/** A word to the reader that is no result: with JSON or YAML asked for, only a person gets it. */
export function remark(context: Context, line: string): void {
  if (context.form === 'table') context.out.print(line)
  else if (context.aside.live) context.aside.print(line)
}
