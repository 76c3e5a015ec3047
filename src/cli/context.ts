import type { Command } from 'commander'
import { type Api, createApi } from './client/api.ts'
import { createHttp, serverOf } from './client/http.ts'
import type { Again } from './client/refusal.ts'
import { createAgain, thisStart } from './started-as.ts'
import { createTerminal, type Terminal } from './view/terminal.ts'

/** What every command that talks to the service gets. */
export interface Context {
  api: Api
  /** Standard output: results. */
  out: Terminal
  /** Standard error: what is not a result. */
  aside: Terminal
  json: boolean
  /** A command line of ours that works for the same server, e.g. for "how to come back". */
  again: Again
}

/** Reads the global options. Throws a CommandFailure when --server is no address. */
export function contextOf(command: Command): Context {
  const { server: given, output } = command.optsWithGlobals<{ server: string; output: 'table' | 'json' }>()
  const server = serverOf(given)
  const again = createAgain(thisStart(), server)
  endWithReader(process.stdout)
  return {
    api: createApi({ http: createHttp({ server, again }) }),
    out: createTerminal(process.stdout),
    aside: createTerminal(process.stderr),
    json: output === 'json',
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

/** A result as JSON on standard output. */
export function printJson(context: Context, result: unknown): void {
  context.out.print(JSON.stringify(result, null, 2))
}

/** A word to the reader that is no result: with JSON asked for, only a person gets it. */
export function remark(context: Context, line: string): void {
  if (!context.json) context.out.print(line)
  else if (context.aside.live) context.aside.print(line)
}
