import type { EventKind, EventTypes } from './events.ts'
import { INVENTORY_EVENT_TYPES, inventoryEvents } from './inventory-events.ts'
import { PROVISIONING_EVENT_TYPES, provisioningEvents } from './provisioning-events.ts'
import type { SubscriptionApi } from './record.ts'

export const EVENT_TYPES: Readonly<Record<SubscriptionApi, EventTypes>> = {
  inventory: INVENTORY_EVENT_TYPES,
  provisioning: PROVISIONING_EVENT_TYPES,
}

/** @param apiRoot where the service is seen by others, without a slash at its end */
export function eventKinds(apiRoot: string): Readonly<Record<SubscriptionApi, EventKind>> {
  return { inventory: inventoryEvents(apiRoot), provisioning: provisioningEvents }
}
