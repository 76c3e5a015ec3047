import type { Command } from 'commander'
import { type Api, createApi } from './client/api.ts'
import { createHttp } from './client/http.ts'
import { createTerminal, type Terminal } from './view/terminal.ts'

export const DEFAULT_SERVER = 'http://127.0.0.1:8080'

/** What every command that talks to the service gets. */
export interface Context {
  api: Api
  /** Standard output: results. */
  out: Terminal
  /** Standard error: what is not a result. */
  aside: Terminal
  json: boolean
  /** A command line of ours that works for the same server, e.g. for "how to come back". */
  again(command: string): string
}

/** Reads the global options. Throws a CommandFailure when --server is no address. */
export function contextOf(command: Command): Context {
  const { server, output } = command.optsWithGlobals<{ server: string; output: 'table' | 'json' }>()
  const named = server === DEFAULT_SERVER ? '' : ` --server ${addressOf(server)}`
  return {
    api: createApi({ http: createHttp({ server }) }),
    out: createTerminal(process.stdout),
    aside: createTerminal(process.stderr),
    json: output === 'json',
    again: (text) => `o2ims${named} ${text}`,
  }
}

/** The address alone: a password in it must not be printed, and a query would not survive a shell. */
function addressOf(server: string): string {
  return URL.canParse(server) ? new URL(server).origin : server
}

/** A result as JSON on standard output. */
export function printJson(context: Context, result: unknown): void {
  context.out.print(JSON.stringify(result, null, 2))
}
