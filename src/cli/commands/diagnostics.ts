import type { Command } from 'commander'
import { contextOf, printResult } from '../context.ts'
import { documentText } from '../form.ts'
import { cleanLines } from '../view/text.ts'

/** `o2ims diagnostics <id>` */
export function addDiagnostics(program: Command): void {
  program
    .command('diagnostics')
    .summary('look at the clusters of a request: what does not run, and why')
    .description(
      'Looks at the clusters of a request now: pods that do not run and why, events, capacity, logs of operators and of kind. What was found when it failed stands below "collected". Printed as YAML; takes up to two minutes where a cluster is away.',
    )
    .argument('<id>', 'provisioningRequestId')
    .action(async (id: string, _options: object, command: Command) => {
      const context = contextOf(command)
      const found = await context.api.diagnostics(id)
      printResult(context, found, () => cleanLines(documentText(found, 'yaml')))
    })
}
