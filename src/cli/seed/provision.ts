import { CommandFailure } from '../client/failure.ts'
import { type Context, remark } from '../context.ts'
import { documentText } from '../form.ts'
import { type RunOptions, showPlan, submit } from '../submit.ts'
import { seedNames, seedRequest } from './request.ts'
import { type SeedOptions, type SeedSettings, seedSettings } from './settings.ts'
import { checkReplaceable, writePrivate } from './smo-kubeconfig.ts'
import { seedTargets, withPassingTargets } from './targets.ts'

/** The seed's flow: builds its request from options and environment, posts it (`posted`: when it stands) and follows it. Returns the exit code. */
export async function provisionSeed(
  context: Context,
  options: RunOptions & SeedOptions,
  env: NodeJS.ProcessEnv,
  posted?: () => Promise<void>,
): Promise<number> {
  const settings = seedSettings(options, env)
  try {
    return options.dryRun
      ? await plan(context, settings, options)
      : await run(context, settings, { ...options, posted })
  } catch (error) {
    throw explained(error, settings, context)
  }
}

async function plan(context: Context, settings: SeedSettings, options: RunOptions): Promise<number> {
  await withPassingTargets(context.api.oClouds, settings, async (targets) => {
    const body = seedRequest(settings, targets)
    showRequest(context, body, options)
    showPlan(context, await context.api.dryRun(body))
  })
  return 0
}

async function run(
  context: Context,
  settings: SeedSettings,
  { posted, ...options }: RunOptions & { posted: (() => Promise<void>) | undefined },
): Promise<number> {
  const { smoKubeconfig, smoCluster, skipKind } = settings
  const target = skipKind ? undefined : smoKubeconfig
  if (target !== undefined) await checkReplaceable(target, smoCluster)
  const body = seedRequest(settings, await seedTargets(context.api.oClouds, settings))
  showRequest(context, body, options)
  return submit(context, body, {
    ...options,
    retryFailed: true,
    ...(posted && { posted }),
    fulfilled: async () => {
      if (target !== undefined) await writeKubeconfig(context, settings, target)
    },
  })
}

/** Nothing in it is secret: it names O-Clouds, not their kubeconfigs. */
function showRequest({ form, out, aside }: Context, body: object, { verbose }: RunOptions): void {
  if (verbose) (form === 'table' ? out : aside).print([...documentText(body, 'yaml').split('\n'), ''])
}

async function writeKubeconfig(context: Context, { smoCluster }: SeedSettings, file: string): Promise<void> {
  const { oClouds } = context.api
  const { oCloudId } = await oClouds.find(smoCluster)
  await writePrivate(file, await oClouds.kubeconfig(oCloudId))
  remark(context, `${file} holds the kubeconfig of ${smoCluster}`)
}

/** Another request has the id: the same flow, with other settings. */
function explained(error: unknown, settings: SeedSettings, { again }: Context): unknown {
  if (!(error instanceof CommandFailure) || error.problem?.code !== 'ALREADY_EXISTS') return error
  const { provisioningRequestId: id } = seedNames(settings)
  const { message, problem, exitCode } = error
  const hint = `it was posted before with other settings: "${again(`delete ${id} --follow`)}" undoes it, another --smo-cluster leaves it alone`
  return new CommandFailure(message, { hint, problem, exitCode, cause: error })
}
