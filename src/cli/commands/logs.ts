import type { Command } from 'commander'
import { followLog, type LogLine, parseLogLines } from '../client/log-lines.ts'
import { type Context, contextOf } from '../context.ts'
import { documentText, jsonLine } from '../form.ts'
import { INTERRUPTED, untilInterrupted } from '../interrupt.ts'
import { wholeNumber } from '../options.ts'
import { logLineText } from '../view/log-line.ts'

interface Options {
  follow?: boolean
  tail?: number
}

/** `o2ims logs <id>` */
export function addLogs(program: Command): void {
  program
    .command('logs')
    .summary('print the log of a request')
    .description(
      'Prints what the run of a request logged: its steps, and what kind, kpt and docker said. With --output json each line is one JSON object as the service keeps it, with --output yaml one document. The newest 2,000 lines are kept.',
    )
    .argument('<id>', 'provisioningRequestId')
    .option('-f, --follow', 'stay until the request has ended')
    .option('--tail <lines>', 'of the lines that stand already, only the last so many', wholeNumber(0, 10_000))
    .action(async (id: string, options: Options, command: Command) => {
      const context = contextOf(command)
      process.exitCode = options.follow
        ? await untilInterrupted((signal) => follow(context, id, { ...options, signal }))
        : await print(context, id, options)
    })
}

async function print(context: Context, id: string, { tail }: Options): Promise<number> {
  const lines = parseLogLines(await context.api.logs(id, { ...(tail !== undefined && { tail }) }))
  const text = lines.map((line) => lineIn(context, line))
  if (text.length > 0) context.out.print(text)
  return 0
}

async function follow(
  context: Context,
  id: string,
  { tail, signal }: Options & { signal: AbortSignal },
): Promise<number> {
  const lines = followLog(context.api, id, { ...(tail !== undefined && { tail }), signal })
  for await (const line of lines) context.out.print(lineIn(context, line))
  return signal.aborted ? INTERRUPTED : 0
}

function lineIn({ form, out }: Context, line: LogLine): string {
  if (form === 'table') return logLineText(line, out.canvas())
  return form === 'json' ? jsonLine(line.line) : `---\n${documentText(line.line, form)}`
}
