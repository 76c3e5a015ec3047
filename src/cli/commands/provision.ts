import { type Command, Option } from 'commander'
import { CommandFailure } from '../client/failure.ts'
import { type Context, contextOf } from '../context.ts'
import { exitCodesText } from '../exit-codes.ts'
import { wholeNumber } from '../options.ts'
import { readRequestFile } from '../request-file.ts'
import { provisionSeed } from '../seed/provision.ts'
import { SEED_VARIABLES, type SeedOptions } from '../seed/settings.ts'
import { type RunOptions, showPlan, submit } from '../submit.ts'

type Options = RunOptions & SeedOptions & { file?: string }

const SEED = "The seed's flow, without --file:"

/** `o2ims provision` */
export function addProvision(program: Command): void {
  const command = program.command('provision')
  command
    .summary('post a provisioning request and follow it to its end')
    .description(
      'Posts a provisioning request and follows it to its end. Posting the identical request again does no harm: it says that it stood already and follows it. Ctrl-C leaves the request running. Without --file it is the request of the seed: FoCoM on an SMO cluster that kind makes, DU and CU on the edge (docs/seed-command-line.md).',
    )
    .option('-f, --file <file>', 'the request, YAML or JSON; - reads standard input')
    .option('-d, --dry-run', 'show what would be created, changed and deleted; write nothing')
    .option('--no-follow', 'return as soon as the request is accepted')
    .option('-v, --verbose', 'show the log of the run as well, and the request that the seed’s flow posts')
    .option('-t, --timeout <seconds>', 'deadline of the whole run (options.timeoutSeconds)', wholeNumber(1, 86_400))
    .option('-c, --cleanup', 'undo what was made when it fails (options.cleanupOnFailure; the default)')
    .option('--no-cleanup', 'leave it, to look at')
    .addOption(new Option('--smo-cluster <name>', 'SMO_CLUSTER_NAME: the SMO’s cluster (focom-smo)').helpGroup(SEED))
    .addOption(
      new Option('--edge-ip <address>', 'VM2_IP: where FoCoM reaches the edge (as in its kubeconfig)').helpGroup(SEED),
    )
    .addOption(
      new Option('--skip-kind', 'take clusters that are there: SMO_KUBECONFIG, EDGE_KUBECONFIG').helpGroup(SEED),
    )
    .addOption(new Option('--skip-focom', 'FoCoM is on the SMO’s cluster already: apply nothing of it').helpGroup(SEED))
    .addHelpText('after', () => variablesText())
    .addHelpText('after', () => exitCodesText(process.stdout.columns || 80))
    .action(async (options: Options, command: Command) => {
      process.exitCode = await provision(contextOf(command), options)
    })
  refuseBoth(command, 'cleanup', 'no-cleanup')
}

/** Of an option and its opposite the parser takes the last. */
function refuseBoth(command: Command, ...options: [string, string]): void {
  const said = new Set<string>()
  for (const option of options)
    command.on(`option:${option}`, () => {
      said.add(option)
      if (said.size > 1) command.error(`error: --${options.join(' and --')} contradict each other: give one of them`)
    })
}

async function provision(context: Context, options: Options): Promise<number> {
  const { file } = options
  if (file === undefined) return provisionSeed(context, options, process.env)
  const only = {
    '--smo-cluster': options.smoCluster,
    '--edge-ip': options.edgeIp,
    '--skip-kind': options.skipKind,
    '--skip-focom': options.skipFocom,
  }
  const misplaced = Object.entries(only).flatMap(([option, value]) => (value === undefined ? [] : [option]))
  if (misplaced.length > 0)
    throw new CommandFailure(`${misplaced.join(', ')} says nothing with --file: it stands in the request there`)
  if (options.verbose && (options.dryRun || !options.follow))
    throw new CommandFailure('--verbose shows the log of a run: it goes with neither --dry-run nor --no-follow')
  const body = withOptions(await readRequestFile(file), options)
  if (!options.dryRun) return submit(context, body, options)
  showPlan(context, await context.api.dryRun(body))
  return 0
}

/** What the command line says goes before what stands in the file. */
function withOptions(body: object, { timeout, cleanup }: SeedOptions): object {
  const given = {
    ...(timeout !== undefined && { timeoutSeconds: timeout }),
    ...(cleanup !== undefined && { cleanupOnFailure: cleanup }),
  }
  if (Object.keys(given).length === 0) return body
  const standing: unknown = 'options' in body ? body.options : {}
  if (typeof standing !== 'object' || standing === null || Array.isArray(standing)) return body
  return { ...body, options: { ...standing, ...given } }
}

function variablesText(): string {
  const widest = Math.max(...Object.keys(SEED_VARIABLES).map((name) => name.length))
  const rows = Object.entries(SEED_VARIABLES).map(([name, means]) => `  ${name.padEnd(widest + 2)}${means}`)
  return ['', 'Environment of the seed’s flow, an option goes before its variable:', ...rows].join('\n')
}
