import { randomUUID } from 'node:crypto'
import { AlreadyExists, type Store } from '../store/store.ts'

/** What the SMO gives before the O-Cloud exists (O2IMS 2.1.6.2.1): here by settings. */
export interface GenesisSettings {
  globalCloudId?: string | undefined
  globalLocationIds: string[]
  globalAssetIds: string[]
  oCloudName: string
  oCloudDescription: string
}

/** The one O-Cloud that this service is to the SMO. */
export interface OCloudIdentity {
  /** Made once and stored: the same in every process. */
  oCloudId: string
  /** As the SMO gave it, else our own oCloudId. */
  globalCloudId: string
  globalLocationIds: string[]
  globalAssetIds: string[]
  name: string
  description: string
}

const ID = 'o-cloud'

/** Rejects with UNAVAILABLE when the store is away. */
export async function openIdentity(
  store: Pick<Store, 'collection'>,
  { globalCloudId, globalLocationIds, globalAssetIds, oCloudName, oCloudDescription }: GenesisSettings,
): Promise<OCloudIdentity> {
  const oCloudId = await ownId(store)
  return {
    oCloudId,
    globalCloudId: globalCloudId ?? oCloudId,
    globalLocationIds,
    globalAssetIds,
    name: oCloudName,
    description: oCloudDescription,
  }
}

async function ownId(store: Pick<Store, 'collection'>): Promise<string> {
  const identities = store.collection<{ oCloudId: string }>('identity')
  const known = await identities.get(ID)
  if (known) return known.value.oCloudId
  try {
    return (await identities.create(ID, { oCloudId: randomUUID() })).value.oCloudId
  } catch (error) {
    // Two processes that start at once: one of them is first
    if (error instanceof AlreadyExists) return ownId(store)
    throw error
  }
}
