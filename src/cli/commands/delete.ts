import type { Command } from 'commander'
import { conclude } from '../conclude.ts'
import { type Context, contextOf, printResult } from '../context.ts'
import { untilInterrupted } from '../interrupt.ts'
import { untilGone } from '../remove.ts'

interface Options {
  orphan?: boolean
  follow?: boolean
}

/** `o2ims delete <id>` */
export function addDelete(program: Command): void {
  program
    .command('delete')
    .summary('undo what a request made, then forget it')
    .description(
      'Undoes what a request made, in reverse order, and then forgets the request. With --orphan nothing is removed from the clusters: only the record goes, and what is left behind is listed.',
    )
    .argument('<id>', 'provisioningRequestId')
    .option('--orphan', 'remove nothing from the clusters, only the record: for an O-Cloud that is gone for good')
    .option('--follow', 'stay until it is gone')
    .action(async (id: string, options: Options, command: Command) => {
      process.exitCode = await remove(contextOf(command), id, options)
    })
}

async function remove(context: Context, id: string, options: Options): Promise<number> {
  const left = await context.api.remove(id, { orphan: options.orphan ?? false })
  if (options.orphan) return conclude(context, id, { kind: 'deleted', left }, 'gone')
  if (options.follow)
    return untilInterrupted(async (signal) => conclude(context, id, await untilGone(context, id, signal), 'gone'))
  printResult(
    context,
    { provisioningRequestId: id, deleting: true },
    () => `${id} is being deleted. Follow it with: ${context.again(`status ${id} --follow`)}`,
  )
  return 0
}
