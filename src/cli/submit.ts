import type { WirePlan, WireRequest } from './client/wire.ts'
import { conclude } from './conclude.ts'
import { type Context, printResult, remark } from './context.ts'
import { follow } from './follow.ts'
import { untilInterrupted } from './interrupt.ts'
import { renderPlan } from './view/plan.ts'

/** How a run is shown. */
export interface RunOptions {
  dryRun?: boolean
  follow: boolean
  verbose?: boolean
}

export interface SubmitOptions extends Pick<RunOptions, 'follow' | 'verbose'> {
  /** The same request FAILED before: all its steps run again. */
  retryFailed?: boolean
  /** Called once, when it stands and before it is followed. */
  posted?: () => Promise<void>
  /** Called once, when it is FULFILLED. */
  fulfilled?: (request: WireRequest) => Promise<void>
}

/** Posts a request and follows it, unless that is not wanted. Returns the exit code. */
export async function submit(context: Context, body: unknown, options: SubmitOptions): Promise<number> {
  const { request, stood } = await submitted(context, body, options)
  const id = request.provisioningRequestData.provisioningRequestId
  await options.posted?.()
  if (!options.follow) {
    printResult(
      context,
      request,
      () => `${stood ? '' : `${id} is accepted. `}Follow it with: ${context.again(`status ${id} --follow`)}`,
    )
    return 0
  }
  return untilInterrupted(async (signal) => {
    const ending = await follow(context, request, signal, { verbose: options.verbose ?? false })
    const fulfilled = ending.kind === 'ended' && ending.request.status.provisioningPhase === 'FULFILLED'
    if (fulfilled) await options.fulfilled?.(ending.request)
    return conclude(context, id, ending, 'fulfilled')
  })
}

async function submitted(
  context: Context,
  body: unknown,
  { retryFailed = false }: SubmitOptions,
): Promise<{ request: WireRequest; stood: boolean }> {
  const { request, stood } = await context.api.submit(body)
  if (!stood) return { request, stood }
  const { provisioningRequestData, status } = request
  const id = provisioningRequestData.provisioningRequestId
  const again = retryFailed && status.provisioningPhase === 'FAILED'
  const next = again ? 'all its steps run again' : 'the identical request was posted before'
  remark(context, `${id} stood already (${status.provisioningPhase}): ${next}`)
  return { request: again ? await context.api.retry(id) : request, stood }
}

/** The plan of a dry run. */
export function showPlan(context: Context, plan: WirePlan): void {
  printResult(context, plan, () => renderPlan(plan, context.out.canvas()))
}
