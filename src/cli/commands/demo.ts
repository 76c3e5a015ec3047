import { type Command, Option } from 'commander'
import { createApi } from '../client/api.ts'
import { CommandFailure } from '../client/failure.ts'
import { createHttp } from '../client/http.ts'
import type { WireRequest } from '../client/wire.ts'
import { FAILED } from '../conclude.ts'
import { type Context, contextOf, printResult } from '../context.ts'
import { simulatedSamples } from '../demo/samples.ts'
import { type DemoService, startDemoService } from '../demo/service.ts'
import { type Ending, follow } from '../follow.ts'
import { INTERRUPTED, untilInterrupted } from '../interrupt.ts'
import { down } from '../real/down.ts'
import { FOCOM_CHOICES, type FocomChoice } from '../real/operators.ts'
import { up } from '../real/up.ts'
import { createAgain, thisStart } from '../started-as.ts'
import { renderFailure } from '../view/render.ts'
import { cleanLines } from '../view/text.ts'

interface Options {
  real?: boolean
  clean?: boolean
  all?: boolean
  clusters?: boolean
  report?: string
  focom?: FocomChoice
  verbose?: boolean
}

/** `o2ims demo` */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .summary('start a service with simulated O-Clouds, provision the samples, stop it again')
    .description(
      'Starts a service of its own with an embedded Redis and simulated O-Clouds, posts the sample requests over HTTP, shows them until they are FULFILLED, prints the report of the last one and stops the service. With --real it is the whole story of the seed on true kind clusters ("make ocloud"): service and clusters stay until --clean. It reads the environment as "provision" does.',
    )
    .option('--real', 'two true kind clusters, FoCoM, DU and CU on the edge; needs docker, kind and kpt')
    .option('--report <file>', 'with --real: where the report goes, as Markdown and, beside it, as HTML (OCloud.md)')
    .addOption(
      new Option(
        '--focom <who>',
        'with --real: the true FoCoM, or a played one (auto: played where its image cannot be had)',
      ).choices(FOCOM_CHOICES),
    )
    .option('-v, --verbose', 'with --real: show the request and the log of the run, too')
    .option(
      '--clean',
      'remove what --real has left: its requests with their clusters, processes, reports, and the data of a service that holds nothing else',
    )
    .option('--all', 'with --clean: what others made in the service on DATA_DIR, too, and all of its data')
    .option(
      '--clusters',
      "with --clean: kind clusters with the demo's names that an o2ims made, too, where DATA_DIR has no records of them",
    )
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command)
      process.exitCode = await chosen(context, options)
    })
}

async function chosen(context: Context, { real, clean, all, clusters, ...rest }: Options): Promise<number> {
  const [without] = Object.keys(rest)
  if (without !== undefined && (!real || clean)) throw new CommandFailure(`--${without} goes with --real`)
  if (real && clean) throw new CommandFailure('--real and --clean are two things: one after the other')
  if (!clean && (all || clusters)) throw new CommandFailure(`--${all ? 'all' : 'clusters'} goes with --clean`)
  const { report = 'OCloud.md', focom = 'auto', verbose = false } = rest
  if (real) return up(context, { report, focom, verbose }, process.env)
  if (clean) return down(context, { all: all ?? false, clusters: clusters ?? false }, process.env)
  return untilInterrupted((signal) => demo(context, signal))
}

async function demo(asked: Context, signal: AbortSignal): Promise<number> {
  // A program gets the representations at the end; what a person reads meanwhile goes beside them.
  const base = asked.form === 'table' ? asked : { ...asked, out: asked.aside }
  const { out } = base
  out.print('Starting a service with an embedded Redis and SIMULATED O-Clouds: no cluster is made or touched.')
  const service = await startDemoService(signal)
  try {
    const ended: WireRequest[] = []
    const code = await provisionSamples(base, service, { ended, signal })
    if (signal.aborted) return INTERRUPTED
    printResult(asked, ended, () => (code === 0 ? NEXT : []))
    return code
  } finally {
    await service.stop()
    out.print('The service of the demo is stopped and its data is removed.')
  }
}

const NEXT = [
  '',
  'To start it for good:      npm start',
  'Then Swagger UI is at:     http://127.0.0.1:8080/docs',
  'And the command line:      npx o2ims provision -f samples/requests/kpt-workload.yaml',
]

async function provisionSamples(
  base: Context,
  service: DemoService,
  { ended, signal }: { ended: WireRequest[]; signal: AbortSignal },
): Promise<number> {
  const { server } = service
  const again = createAgain(thisStart(), server)
  const api = createApi({ http: createHttp({ server, again }) })
  const context: Context = { ...base, api, again }
  let last: string | undefined
  for (const { file, body } of await simulatedSamples(api.http)) {
    context.out.print(['', `POST ${server}/o2ims/v1/provisioningRequests < samples/requests/${file}`, ''])
    const { request } = await api.submit(body)
    const id = request.provisioningRequestData.provisioningRequestId
    const ending = await follow(context, request, signal)
    if (signal.aborted) return INTERRUPTED
    if (ending.kind === 'ended') ended.push(ending.request)
    if (ending.kind !== 'ended' || ending.request.status.provisioningPhase !== 'FULFILLED')
      return failed(context, id, ending)
    last = id
  }
  if (last !== undefined) context.out.print(['', cleanLines(await api.report(last, 'text/markdown')).trimEnd()])
  return 0
}

/** The service stops with the demo: its report is shown here, nothing to come back to is told. */
async function failed({ api, aside }: Context, id: string, ending: Ending): Promise<number> {
  if (ending.kind !== 'ended') return FAILED
  aside.print([
    '',
    ...renderFailure(ending.request, aside.canvas()),
    '',
    cleanLines(await api.report(id, 'text/markdown')).trimEnd(),
  ])
  return ending.request.progress.error?.exitCode ?? FAILED
}
