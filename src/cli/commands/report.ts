import { type Command, Option } from 'commander'
import { contextOf } from '../context.ts'

/** `o2ims report <id>` */
export function addReport(program: Command): void {
  program
    .command('report')
    .summary('print the report of a request')
    .description(
      'Prints the report of a request: what was asked for, what really happened. Before the end it says that it is unfinished.',
    )
    .argument('<id>', 'provisioningRequestId')
    .addOption(new Option('--format <format>', 'Markdown or JSON').choices(['md', 'json']))
    .action(async (id: string, options: { format?: 'md' | 'json' }, command: Command) => {
      const context = contextOf(command)
      const report = await context.api.report(id, options.format ?? (context.json ? 'json' : 'md'))
      process.stdout.write(report.endsWith('\n') ? report : `${report}\n`)
    })
}
