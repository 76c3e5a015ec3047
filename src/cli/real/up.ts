import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createApi } from '../client/api.ts'
import { CommandFailure } from '../client/failure.ts'
import { createHttp } from '../client/http.ts'
import type { Context } from '../context.ts'
import { lookAtDocker } from '../doctor/docker.ts'
import { verdicts } from '../doctor/finding.ts'
import { lookAtNode, lookAtTools } from '../doctor/tools.ts'
import { untilInterrupted } from '../interrupt.ts'
import { standing } from '../remove.ts'
import { provisionSeed } from '../seed/provision.ts'
import { seedNames } from '../seed/request.ts'
import { type SeedSettings, seedSettings } from '../seed/settings.ts'
import { createAgain, thisStart } from '../started-as.ts'
import { type Casting, cast, type FocomChoice } from './operators.ts'
import { isRunning, startDetached } from './processes.ts'
import { findOrStartService } from './service.ts'
import { type Place, placeOf, readStarted, type Started, writeStarted } from './started.ts'

/** A precondition does not hold. */
const UNREACHABLE = 1

export interface UpOptions {
  /** Markdown; the same as HTML goes beside it. */
  report: string
  focom: FocomChoice
  verbose: boolean
}

/** The seed's whole story on true clusters. Service, operators and clusters stay until `down`. Returns the exit code of the request. */
export async function up(asked: Context, options: UpOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const settings = seedSettings({}, env)
  await requireTools(env)
  const place = placeOf(env)
  const people = asked.form === 'table' ? asked.out : asked.aside
  const before = await readStarted(place)
  const reports = reportFiles(options.report)
  requireReplaceable(reports, before?.files ?? [])
  const running = await untilInterrupted((signal) =>
    findOrStartService(place, { named: asked.api.http.server, before, env, signal }),
  )
  const { provisioningRequestId } = seedNames(settings)
  const context = contextFor(asked, running.server)
  const known = before?.requests[provisioningRequestId]
  const foreign =
    known?.foreign ?? (known === undefined && (await standing(context, provisioningRequestId)) !== undefined)
  const started: Started = {
    ...running,
    requests: { ...before?.requests, [provisioningRequestId]: { ...known, ...(foreign && { foreign }) } },
    files: [...new Set([...(before?.files ?? []), ...reports])],
  }
  await writeStarted(place, started)
  people.print(`${running.service ? 'The service of this demo' : 'A service'} answers at ${running.server}`)

  const casting = await cast(settings, options.focom, env)
  people.print([...casting.lines, ''])
  const code = await provisionSeed(
    context,
    { follow: true, verbose: options.verbose, focomElsewhere: casting.focom },
    env,
    () => play(place, started, casting, env),
  )
  const away = code === 0 ? await awayNow(context, settings) : []
  await writeReports(context, provisioningRequestId, { files: reports, lines: [...casting.lines, ...away] })
  if (settings.smoKubeconfig !== undefined && code === 0 && !foreign)
    await writeStarted(place, { ...started, files: [...new Set([...started.files, resolve(settings.smoKubeconfig)])] })
  const gone = ['', ...away, 'What stood there may be gone. "make clean" and then "make ocloud" makes it anew.']
  if (away.length > 0) people.print(gone)
  people.print([
    '',
    `The report is written: ${options.report}`,
    ...casting.lines.filter((line) => line.includes('PLAYED')),
    ...NEXT,
  ])
  return away.length > 0 ? UNREACHABLE : code
}

/** The clusters of the request that do not answer, in words: FULFILLED of one that stood already says how it ended, not how it is. */
async function awayNow({ api }: Context, settings: SeedSettings): Promise<string[]> {
  const { provisioningRequestId, edge } = seedNames(settings)
  return (await api.oClouds.list()).flatMap(({ name, madeBy, status }) =>
    (madeBy?.provisioningRequestId === provisioningRequestId || name === edge) && status?.reachable === false
      ? [`O-Cloud ${name} cannot be reached now: ${status.message ?? 'no answer'}.`]
      : [],
  )
}

const NEXT = [
  '',
  'How it stands:            make status',
  'What happened:            make logs',
  'To remove all of it:      make clean',
]

async function requireTools(env: NodeJS.ProcessEnv): Promise<void> {
  const [tools, docker] = await Promise.all([lookAtTools(env), lookAtDocker(env)])
  const findings = [lookAtNode(), ...tools, ...docker]
  const lacks = verdicts(findings).find(({ job }) => job === 'edge-5g-kind')?.lacks ?? []
  if (lacks.length === 0) return
  const remedies = findings.filter(({ subject }) => lacks.includes(subject))
  throw new CommandFailure(`this machine lacks ${lacks.join(', ')}`, {
    hint: remedies.flatMap(({ subject, remedy }) => [`${subject}:`, ...remedy.map((line) => `  ${line}`)]).join('\n'),
  })
}

function contextFor(asked: Context, server: string): Context {
  const again = createAgain(thisStart(), server)
  return { ...asked, again, api: createApi({ http: createHttp({ server, again }) }) }
}

/** The players act as soon as the clusters are there, and stay: FoCoM is needed once more when the request is deleted. */
async function play(place: Place, started: Started, casting: Casting, env: NodeJS.ProcessEnv): Promise<void> {
  const { smo, edgeCluster, provisioningRequestId } = seedNames(seedSettings({}, env))
  if (!(casting.focom || casting.o2ims) || isRunning(started.requests[provisioningRequestId]?.player)) return
  const parts = [...(casting.focom ? ['--focom', smo] : []), ...(casting.o2ims ? ['--o2ims', edgeCluster] : [])]
  const args = ['play-operators', provisioningRequestId, ...parts, '--server', started.server]
  const foreign = started.requests[provisioningRequestId]?.foreign
  const request = foreign ? { foreign } : {}
  started.requests[provisioningRequestId] = { ...request, starting: args }
  await writeStarted(place, started)
  const { identity } = await startDetached(args, { env, logFile: place.file('operators.log') })
  started.requests[provisioningRequestId] = { ...request, player: identity }
  await writeStarted(place, started)
}

/** Markdown, and HTML beside it. */
function reportFiles(file: string): [markdown: string, html: string] {
  return [resolve(file), resolve(file.replace(/(\.md)?$/, '.html'))]
}

/** What cleaning removes is what this demo wrote: a file of somebody else is never written over. */
function requireReplaceable(files: readonly string[], ours: readonly string[]): void {
  for (const file of files.filter((each) => !ours.includes(each)))
    if (existsSync(file))
      throw new CommandFailure(`${file} is there already, and no run of make ocloud is known that wrote it`, {
        hint: 'move it away, or name another file with --report',
      })
}

/** What really happened, also when it failed. */
async function writeReports(
  { api }: Context,
  id: string,
  { files, lines }: { files: readonly string[]; lines: readonly string[] },
): Promise<void> {
  const [markdown, html] = [await api.report(id, 'text/markdown'), await api.report(id, 'text/html')]
  // The service knows of no players: whoever reads the file shall.
  const items = lines.map((line) => `<li>${line.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</li>`)
  const texts = [
    `${markdown.trimEnd()}\n\n## Operators of this demo\n\n${lines.map((line) => `- ${line}\n`).join('')}`,
    html.replace('</body>', `<h2>Operators of this demo</h2><ul>${items.join('')}</ul></body>`),
  ]
  for (const [index, path] of files.entries()) await writeFile(path, texts[index] ?? '')
}
