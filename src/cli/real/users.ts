import { z } from 'zod'
import type { Api } from '../client/api.ts'

const report = z.looseObject({ access: z.array(z.looseObject({ oCloudId: z.string() })) })

/** The ids of all requests. */
export async function standingIds(api: Api): Promise<string[]> {
  return (await api.list()).map(({ provisioningRequestData }) => provisioningRequestData.provisioningRequestId)
}

/** For each request that made clusters, the other requests that use these: they have to go first. */
export async function usersOfClusters(api: Api, standing: readonly string[]): Promise<Map<string, Set<string>>> {
  const makers = new Map(
    (await api.oClouds.list()).flatMap(({ oCloudId, madeBy }) =>
      madeBy ? [[oCloudId, madeBy.provisioningRequestId] as const] : [],
    ),
  )
  const users = new Map<string, Set<string>>()
  if (makers.size === 0) return users
  for (const id of standing)
    for (const { oCloudId } of report.parse(await api.reportJson(id)).access) {
      const maker = makers.get(oCloudId)
      if (maker !== undefined && maker !== id) users.set(maker, (users.get(maker) ?? new Set()).add(id))
    }
  return users
}

/** The ids in rounds: in each those whose clusters nobody of a later round uses. Pure. */
export function inRounds(ids: readonly string[], users: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const rounds: string[][] = []
  let rest = [...ids]
  while (rest.length > 0) {
    const free = rest.filter((id) => !rest.some((other) => users.get(id)?.has(other)))
    // Nobody is free where they use each other's: the service decides.
    const round = free.length > 0 ? free : rest
    rounds.push(round)
    rest = rest.filter((id) => !round.includes(id))
  }
  return rounds
}
