import type { Command } from 'commander'
import type { WirePlan } from '../client/wire.ts'
import { conclude } from '../conclude.ts'
import { type Context, contextOf, printResult, remark } from '../context.ts'
import { follow } from '../follow.ts'
import { untilInterrupted } from '../interrupt.ts'
import { readRequestFile } from '../request-file.ts'
import { renderPlan } from '../view/plan.ts'

interface Options {
  file: string
  dryRun?: boolean
  follow: boolean
}

/** `o2ims provision -f file` */
export function addProvision(program: Command): void {
  program
    .command('provision')
    .summary('post a provisioning request and follow it to its end')
    .description(
      'Posts a provisioning request and follows it to its end. Posting the identical request again does no harm: it says that it stood already and follows it. Ctrl-C leaves the request running.',
    )
    .requiredOption('-f, --file <file>', 'the request, YAML or JSON; - reads standard input')
    .option('--dry-run', 'show what would be created, changed and deleted; write nothing')
    .option('--no-follow', 'return as soon as the request is accepted')
    .action(async (options: Options, command: Command) => {
      process.exitCode = await provision(contextOf(command), options)
    })
}

async function provision(context: Context, options: Options): Promise<number> {
  const body = await readRequestFile(options.file)
  if (options.dryRun) {
    showPlan(context, await context.api.dryRun(body))
    return 0
  }
  const { request, stood } = await context.api.submit(body)
  const id = request.provisioningRequestData.provisioningRequestId
  if (stood)
    remark(
      context,
      `${id} stood already (${request.status.provisioningPhase}): the identical request was posted before`,
    )
  if (!options.follow) {
    printResult(
      context,
      request,
      () => `${stood ? '' : `${id} is accepted. `}Follow it with: ${context.again(`status ${id} --follow`)}`,
    )
    return 0
  }
  return untilInterrupted(async (signal) => conclude(context, id, await follow(context, request, signal), 'fulfilled'))
}

function showPlan(context: Context, plan: WirePlan): void {
  printResult(context, plan, () => renderPlan(plan, context.out.canvas()))
}
