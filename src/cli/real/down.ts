import { rm } from 'node:fs/promises'
import { createApi } from '../client/api.ts'
import { CommandFailure } from '../client/failure.ts'
import { createHttp } from '../client/http.ts'
import type { Context } from '../context.ts'
import { untilInterrupted } from '../interrupt.ts'
import { untilGone } from '../remove.ts'
import { seedNames } from '../seed/request.ts'
import { type SeedSettings, seedSettings } from '../seed/settings.ts'
import { createAgain, thisStart } from '../started-as.ts'
import type { Terminal } from '../view/terminal.ts'
import { removeClusters } from './left-clusters.ts'
import { endProcess } from './processes.ts'
import { findService, hasRecords, type Running, startService } from './service.ts'
import { forgetStarted, isOurs, type Place, placeOf, readStarted, type Started } from './started.ts'

/** How long one request may take to go. Past that it stays DELETING, and so does all that knows of it. */
const GONE_LIMIT_MS = 300_000
/** CLEANUP_FAILED. */
const NOT_REMOVED = 8

/**
 * Removes what `up` has left: requests through the API, so that each cluster and object goes the way it came; then processes, files and the data folder. A service that is not running is
 * started once more for it. Of somebody else's service only the request of the demo goes. Returns the exit code.
 */
export async function down(asked: Context, env: NodeJS.ProcessEnv): Promise<number> {
  const settings = seedSettings({}, env)
  const place = placeOf(env)
  const people = asked.form === 'table' ? asked.out : asked.aside
  const started = await readStarted(place)
  const running = await serviceFor(asked, place, started, env)
  const context = running && contextFor(asked, running.server)
  const stuck = context ? await removeRequests(context, running, started) : []
  if (stuck.length > 0) {
    people.print(
      stuck.flatMap((id) => [
        `${id} is still being deleted: "${context?.again(`status ${id}`)}" says why.`,
        `Where its cluster is gone for good: "${context?.again(`delete ${id} --orphan`)}" gives it up. Then clean again.`,
      ]),
    )
    return NOT_REMOVED
  }
  if (context && !running.service) await removeOClouds(context, settings)
  for (const { player } of Object.values(started?.requests ?? {})) await endProcess(player)
  await endProcess(running?.service ?? started?.service)
  const left = await removeClusters(seedNames(settings), { known: context !== undefined, env })
  for (const file of started?.files ?? []) await rm(file, { force: true })
  await forgetStarted(place)
  if (running?.service || !running) await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 })
  people.print([...left, 'Clean: requests, clusters, processes, reports and data of the demo are gone.'])
  return 0
}

async function serviceFor(
  asked: Context,
  place: Place,
  started: Started | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Running | undefined> {
  const found = await findService(asked.api.http.server, started)
  // Somebody's service that this demo never used is none of our business, also where ours is gone.
  if (found?.service || (found && started && !isOurs(started))) return found
  if (!hasRecords(place)) return undefined
  return untilInterrupted((signal) => startService(place, { before: started, env: { ...env, PORT: '0' }, signal }))
}

function contextFor(asked: Context, server: string): Context {
  const again = createAgain(thisStart(), server)
  return { ...asked, again, api: createApi({ http: createHttp({ server, again }) }) }
}

/** Answers the ids of those that do not go. */
async function removeRequests(context: Context, running: Running, started: Started | undefined): Promise<string[]> {
  const { api, form, out, aside } = context
  const people: Terminal = form === 'table' ? out : aside
  const all = (await api.list()).map(({ provisioningRequestData }) => provisioningRequestData.provisioningRequestId)
  // The records go with the data folder: whatever they know of has to go first.
  const ours = running.service ? all : all.filter((id) => started !== undefined && Object.hasOwn(started.requests, id))
  for (const id of ours) await api.remove(id, { orphan: false })
  const stuck: string[] = []
  for (const id of ours) {
    people.print(`${id} is being deleted`)
    const limit = AbortSignal.timeout(GONE_LIMIT_MS)
    const ending = await untilInterrupted((signal) => untilGone(context, id, AbortSignal.any([signal, limit])))
    if (ending.kind !== 'deleted') stuck.push(id)
  }
  return stuck
}

/** What the demo registered in somebody else's service. */
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
