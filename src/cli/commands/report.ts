import { type Command, Option } from 'commander'
import { contextOf, printJson } from '../context.ts'

/** `o2ims report <id>` */
export function addReport(program: Command): void {
  program
    .command('report')
    .summary('print the report of a request')
    .description(
      'Prints the report of a request: what was asked for, what really happened. Before the end it says that it is unfinished.',
    )
    .argument('<id>', 'provisioningRequestId')
    .addOption(
      new Option('--format <format>', 'Markdown or JSON (default: md, or json with --output json)').choices([
        'md',
        'json',
      ]),
    )
    .action(async (id: string, options: { format?: 'md' | 'json' }, command: Command) => {
      const context = contextOf(command)
      const { format = context.json ? 'json' : 'md' } = options
      if (context.json && format === 'md')
        command.error('error: --format md and --output json are two different forms; leave one of them out')
      if (format === 'json') return printJson(context, await context.api.reportJson(id))
      const report = await context.api.report(id)
      process.stdout.write(report.endsWith('\n') ? report : `${report}\n`)
    })
}
