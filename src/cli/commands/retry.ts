import type { Command } from 'commander'
import { conclude } from '../conclude.ts'
import { contextOf, printResult } from '../context.ts'
import { follow } from '../follow.ts'
import { untilInterrupted } from '../interrupt.ts'

/** `o2ims retry <id>` */
export function addRetry(program: Command): void {
  program
    .command('retry')
    .summary('run all steps of a request again')
    .description(
      'Runs all steps of a FAILED or FULFILLED request again from the first. On an unchanged world it changes nothing.',
    )
    .argument('<id>', 'provisioningRequestId')
    .option('--follow', 'stay until the request has ended')
    .action(async (id: string, options: { follow?: boolean }, command: Command) => {
      const context = contextOf(command)
      const request = await context.api.retry(id)
      if (options.follow) {
        process.exitCode = await untilInterrupted(async (signal) =>
          conclude(context, id, await follow(context, request, signal), 'fulfilled'),
        )
      } else
        printResult(
          context,
          request,
          () => `${id} runs again. Follow it with: ${context.again(`status ${id} --follow`)}`,
        )
    })
}
