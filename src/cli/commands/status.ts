import type { Command } from 'commander'
import { conclude } from '../conclude.ts'
import { type Context, contextOf, printResult } from '../context.ts'
import { follow } from '../follow.ts'
import { untilInterrupted } from '../interrupt.ts'
import { progressOf } from '../view/progress.ts'
import { renderFailure, renderList, renderProgress } from '../view/render.ts'
import { cleanLines } from '../view/text.ts'

interface Options {
  follow?: boolean
  resources?: boolean
}

/** `o2ims status [id]` */
export function addStatus(program: Command): void {
  program
    .command('status')
    .summary('show all requests, or one with its steps')
    .description(
      'Shows all requests, or one with its steps. The answer is the result: the exit code is 0 for a FAILED request too. With --follow it stays until the request has ended, and exits as provision does.',
    )
    .argument('[id]', 'provisioningRequestId')
    .option('--follow', 'stay until the request has ended; its exit code becomes ours')
    .option('--resources', 'a table of what the request made and how it stands: RESOURCE, TYPE, STATUS, MESSAGE')
    .action(async (id: string | undefined, options: Options, command: Command) => {
      const context = contextOf(command)
      const [given] = Object.keys(options)
      if (id === undefined && given !== undefined) command.error(`error: --${given} needs the id of a request`)
      if (options.resources && options.follow)
        command.error('error: --resources is how it stands now: leave --follow out')
      if (options.resources && context.form !== 'table')
        command.error('error: --resources is a table; the same stands in the steps of "status ID"')
      process.exitCode =
        id === undefined
          ? await showAll(context)
          : options.resources
            ? await showResources(context, id)
            : await showOne(context, id, options.follow ?? false)
    })
}

async function showAll(context: Context): Promise<number> {
  const requests = await context.api.list()
  printResult(context, requests, () =>
    requests.length === 0
      ? `There are no requests yet. Post one with: ${context.again('provision -f FILE')}`
      : renderList(requests, context.out.canvas()),
  )
  return 0
}

async function showResources({ api, out }: Context, id: string): Promise<number> {
  out.print(cleanLines(await api.statusTable(id)).trimEnd())
  return 0
}

async function showOne(context: Context, id: string, stay: boolean): Promise<number> {
  const request = await context.api.get(id)
  if (stay)
    return untilInterrupted(async (signal) => {
      const wanted = request.status.provisioningPhase === 'DELETING' ? 'gone' : 'fulfilled'
      return conclude(context, id, await follow(context, request, signal), wanted)
    })
  printResult(context, request, () => {
    const canvas = context.out.canvas()
    return [...renderProgress(progressOf(request), Date.now(), canvas), ...renderFailure(request, canvas)]
  })
  return 0
}
