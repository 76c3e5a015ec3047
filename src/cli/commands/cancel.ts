import type { Command } from 'commander'
import { contextOf, printResult } from '../context.ts'

/** `o2ims cancel <id>` */
export function addCancel(program: Command): void {
  program
    .command('cancel')
    .summary('stop a request; what it made is undone')
    .description(
      'Stops a request at its next safe point. It ends FAILED with the code CANCELLED, undone like any failure.',
    )
    .argument('<id>', 'provisioningRequestId')
    .action(async (id: string, _options: object, command: Command) => {
      const context = contextOf(command)
      const request = await context.api.cancel(id)
      printResult(
        context,
        request,
        () => `${id} will be cancelled. Follow it with: ${context.again(`status ${id} --follow`)}`,
      )
    })
}
