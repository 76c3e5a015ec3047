import type { OCloud, OCloudRegistry } from './registry-types.ts'

const PAGE = 500
/** More than one service registers. */
const MOST = 10_000

/** Every registered O-Cloud, oldest first; the first 10,000. */
export async function allOClouds(oClouds: Pick<OCloudRegistry, 'list'>): Promise<OCloud[]> {
  const all: OCloud[] = []
  for (let after: number | undefined; all.length < MOST; ) {
    const { items, next } = await oClouds.list({ limit: PAGE, ...(after !== undefined && { after }) })
    all.push(...items.map(({ value }) => value))
    if (next === undefined) break
    after = next
  }
  return all
}
