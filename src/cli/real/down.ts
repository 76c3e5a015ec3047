import { rm } from 'node:fs/promises'
import { createApi } from '../client/api.ts'
import { CommandFailure } from '../client/failure.ts'
import { createHttp, DEFAULT_SERVER } from '../client/http.ts'
import type { Context } from '../context.ts'
import { untilInterrupted } from '../interrupt.ts'
import { untilGone } from '../remove.ts'
import { seedNames } from '../seed/request.ts'
import { type SeedSettings, seedSettings } from '../seed/settings.ts'
import { createAgain, thisStart } from '../started-as.ts'
import type { Terminal } from '../view/terminal.ts'
import { removeData, removeNotes } from './data-folder.ts'
import { removeClusters } from './left-clusters.ts'
import { othersIn } from './others.ts'
import { endProcess } from './processes.ts'
import { findService, hasRecords, type Running, startService } from './service.ts'
import { idsMadeBy, isOurs, type Place, placeOf, readStarted, type Started, writeStarted } from './started.ts'
import { inRounds, standingIds, usersOfClusters } from './users.ts'

/** How long one request may take to go. Past that it stays DELETING, and so does all that knows of it. */
const GONE_LIMIT_MS = 300_000
/** CLEANUP_FAILED. */
const NOT_REMOVED = 8
const MOST_NAMED = 5

export interface DownOptions {
  /** Of the service on the data folder: what others made as well, and its data whatever they hold. */
  all: boolean
  /** Kind clusters with the demo's names that an o2ims made, too, where no records here say that they are the demo's. */
  clusters: boolean
}

interface Asked extends Running {
  /** It was gone, and runs for the cleaning alone. */
  woken: boolean
}

/**
 * Removes what `up` has left: its requests through the API, so that each cluster and object goes the way it came; then processes and files, and the data folder of a service that holds
 * nothing else. A service that is not running is started once more for it. What others made stays and is named, unless the options ask for it. Returns the exit code.
 */
export async function down(asked: Context, { all, clusters }: DownOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const settings = seedSettings({}, env)
  const place = placeOf(env)
  const people = asked.form === 'table' ? asked.out : asked.aside
  const started = await readStarted(place)
  const running = await serviceFor(asked, place, { started, all }, env)
  const context = running && contextFor(asked, running.server)
  const stuck = context ? await removeRequests(context, await roundsOf(context, running, { started, all })) : []
  if (stuck.length > 0) {
    people.print(
      stuck.flatMap((id) => [
        `${id} is still being deleted: "${context?.again(`status ${id}`)}" says why.`,
        `Where its cluster is gone for good: "${context?.again(`delete ${id} --orphan`)}" gives it up. Then clean again.`,
      ]),
    )
    return NOT_REMOVED
  }
  if (context && started) await removeOClouds(context, settings)
  for (const { player } of Object.values(started?.requests ?? {})) await endProcess(player)
  const unknown = context === undefined && !hasRecords(place)
  const left = await removeClusters(seedNames(settings), { remove: clusters && unknown, env })
  for (const file of started?.files ?? []) await rm(file, { force: true })
  left.push(...(await leaveService(place, { context, running, started, all })))
  people.print([...left, 'Clean: requests, clusters, processes and reports of make ocloud are gone.'])
  return 0
}

/** Ends the service of the demo and removes its data, unless others have something in it. Answers what stays, in words. */
async function leaveService(
  place: Place,
  {
    context,
    running,
    started,
    all,
  }: { context: Context | undefined; running: Asked | undefined; started: Started | undefined; all: boolean },
): Promise<string[]> {
  const { dataDir } = place
  const knowingly = `"${createAgain(thisStart(), DEFAULT_SERVER)('demo --clean --all')}" removes it with all that others made there`
  if (!(context && running?.service)) {
    await endProcess(started?.service)
    await removeNotes(place)
    const theirs = !running && hasRecords(place)
    return theirs
      ? [`${dataDir} has the data of a service in which make ocloud has nothing: it stays. ${knowingly}.`]
      : []
  }
  const others = all ? [] : await othersIn(context.api)
  if (others.length > 0 && !running.woken) {
    await writeStarted(place, { server: running.server, service: running.service, requests: {}, files: [] })
    return [`The service at ${running.server} goes on, and ${dataDir} stays, for ${namesOf(others)}. ${knowingly}.`]
  }
  await endProcess(running.service)
  await removeNotes(place)
  if (others.length > 0) return [`${dataDir} stays: it has ${namesOf(others)}. ${knowingly}.`]
  const foreign = await removeData(place)
  return foreign.length > 0 ? [`${dataDir} stays: o2ims did not put there ${namesOf(foreign)}.`] : []
}

function namesOf(things: readonly string[]): string {
  const more = things.length - MOST_NAMED
  return `${things.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

async function serviceFor(
  asked: Context,
  place: Place,
  { started, all }: { started: Started | undefined; all: boolean },
  env: NodeJS.ProcessEnv,
): Promise<Asked | undefined> {
  const found = await findService(asked.api.http.server, started)
  // Somebody's service that this demo never used is none of our business, also where ours is gone.
  if (found?.service || (found && started && !isOurs(started))) return { ...found, woken: false }
  if (!hasRecords(place)) {
    if (started && !isOurs(started) && idsMadeBy(started).length > 0) throw away(place, started)
    return undefined
  }
  if (!started && !all) return undefined
  const running = await untilInterrupted((signal) =>
    startService(place, { before: started, env: { ...env, PORT: '0' }, signal }),
  )
  return { ...running, woken: true }
}

function away(place: Place, started: Started): CommandFailure {
  return new CommandFailure(
    `the service at ${started.server}, which has ${idsMadeBy(started).join(', ')}, does not answer`,
    {
      hint: `start it and clean again; where it is gone for good, remove ${place.folder}`,
      exitCode: NOT_REMOVED,
    },
  )
}

function contextFor(asked: Context, server: string): Context {
  const again = createAgain(thisStart(), server)
  return { ...asked, again, api: createApi({ http: createHttp({ server, again }) }) }
}

/** The requests that go, in rounds: who uses a cluster of another one goes before it. Rejects where somebody's that stays uses one. */
async function roundsOf(
  { api, again }: Context,
  { service }: Running,
  { started, all }: { started: Started | undefined; all: boolean },
): Promise<string[][]> {
  const standing = await standingIds(api)
  const ours = started ? idsMadeBy(started) : []
  const ids = all && service ? standing : standing.filter((id) => ours.includes(id))
  const users = await usersOfClusters(api, standing)
  const staying = ids.flatMap((id) => [...(users.get(id) ?? [])]).filter((id) => !ids.includes(id))
  const [first] = staying
  if (first === undefined) return inRounds(ids, users)
  throw new CommandFailure(
    `the clusters of make ocloud are used by ${namesOf([...new Set(staying)])}: nothing is removed`,
    {
      hint: `remove that first, with: ${again(`delete ${first} --follow`)}${service ? `\nor all that the service has, with: ${again('demo --clean --all')}` : ''}`,
      exitCode: NOT_REMOVED,
    },
  )
}

/** Answers the ids of those that do not go. */
async function removeRequests(context: Context, rounds: readonly string[][]): Promise<string[]> {
  const { api, form, out, aside } = context
  const people: Terminal = form === 'table' ? out : aside
  for (const ids of rounds) {
    const stuck: string[] = []
    for (const id of ids) await api.remove(id, { orphan: false })
    for (const id of ids) {
      people.print(`${id} is being deleted`)
      const limit = AbortSignal.timeout(GONE_LIMIT_MS)
      const ending = await untilInterrupted((signal) => untilGone(context, id, AbortSignal.any([signal, limit])))
      if (ending.kind !== 'deleted') stuck.push(id)
    }
    if (stuck.length > 0) return stuck
  }
  return []
}

/** What the demo registered. */
async function removeOClouds({ api }: Context, settings: SeedSettings): Promise<void> {
  const { smo, edge } = seedNames(settings)
  const ours = (await api.oClouds.list()).filter(
    ({ name, labels }) => [smo, edge].includes(name) && labels?.['o2ims.dev/kubeconfig'] !== undefined,
  )
  for (const { oCloudId } of ours)
    await api.oClouds.remove(oCloudId).catch((error: unknown) => {
      // Another request uses it: it stays with that one.
      if (!(error instanceof CommandFailure && error.problem?.code === 'IN_USE')) throw error
    })
}
