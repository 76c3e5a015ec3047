import type { VersionedApi } from '../http/versions.ts'

/** O2ims_InfrastructureInventory, O2IMS 3.2: this version and these paths. */
export const INVENTORY_API: VersionedApi = {
  root: '/O2ims_infrastructureInventory',
  aliases: ['/o2ims-infrastructureInventory', '/o2ims_infrastructureInventory'],
  major: 'v2',
  aliasMajors: ['v1'],
  version: '2.0.0',
  tag: 'Infrastructure Inventory',
  shortName: 'Inventory',
}

/** Where its resources stand, and what subscribers are told that they stand at. */
export const INVENTORY_BASE = `${INVENTORY_API.root}/${INVENTORY_API.major}`
