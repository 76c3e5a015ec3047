import { type Command, Option } from 'commander'
import { contextOf, printResult } from '../context.ts'
import { cleanLines } from '../view/text.ts'

/** What else can be read than the data itself. */
const DOCUMENTS = { md: 'text/markdown', html: 'text/html' } as const

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
      new Option(
        '--format <format>',
        'Markdown, HTML or JSON (default: md; the data, with --output json or yaml)',
      ).choices(['md', 'html', 'json']),
    )
    .action(async (id: string, options: { format?: 'md' | 'html' | 'json' }, command: Command) => {
      const context = contextOf(command)
      const { form } = context
      const { format = form === 'table' ? 'md' : 'json' } = options
      if (format === 'json')
        return printResult(
          { ...context, form: form === 'table' ? 'json' : form },
          await context.api.reportJson(id),
          () => [],
        )
      if (form !== 'table')
        command.error(`error: --format ${format} and --output ${form} are two different forms; leave one of them out`)
      const report = cleanLines(await context.api.report(id, DOCUMENTS[format]))
      process.stdout.write(report.endsWith('\n') ? report : `${report}\n`)
    })
}
