import { z } from 'zod'
import type { InventoryObjectType } from '../inventory/changes.ts'
import {
  cloudInfoSchema,
  deploymentManagerInfoSchema,
  locationInfoSchema,
  oCloudSiteInfoSchema,
  resourceInfoSchema,
  resourcePoolInfoSchema,
  resourceTypeInfoSchema,
} from '../inventory/schema.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { queryTypeOf } from '../query/query-type.ts'
import type { EventKind, EventTypes } from './events.ts'

const OBJECTS: Readonly<Record<InventoryObjectType, z.ZodObject>> = {
  Cloud: cloudInfoSchema,
  ResourceType: resourceTypeInfoSchema,
  ResourcePool: resourcePoolInfoSchema,
  Resource: resourceInfoSchema,
  DeploymentManager: deploymentManagerInfoSchema,
  Location: locationInfoSchema,
  OCloudSite: oCloudSiteInfoSchema,
}

/** What a filter may ask of every event beside the attributes of its object. */
const ofEvent = {
  notificationEventType: z.int(),
  objectType: z.literal(Object.keys(OBJECTS)),
  objectRef: z.string(),
}

export const INVENTORY_EVENT_TYPES: EventTypes = Object.fromEntries(
  Object.entries(OBJECTS).map(([name, schema]) => [name, queryTypeOf(z.strictObject({ ...schema.shape, ...ofEvent }))]),
)

/**
 * InventoryEventNotification (O2IMS 3.2.5): the states before and after as JSON objects, and where the object stands, or stood: a resource
 * that is gone from one pool may stand in another.
 *
 * @param apiRoot where the service is seen by others, without a slash at its end
 */
export function inventoryEvents(apiRoot: string): EventKind {
  const urlOf = (ref: JsonValue | undefined) => `${apiRoot}${ref}`
  return {
    typeOf: ({ data }) => String(data.objectType),
    attributes({ data }) {
      const { notificationEventType = null, objectType = null, objectRef, priorObjectState, postObjectState } = data
      const state = objectOf(postObjectState ?? priorObjectState)
      return { ...state, notificationEventType, objectType, objectRef: urlOf(objectRef) }
    },
    body({ data }, { consumerSubscriptionId }) {
      const { notificationEventType = null, objectRef, priorObjectState, postObjectState } = data
      return {
        ...(consumerSubscriptionId !== undefined && { consumerSubscriptionId }),
        notificationEventType,
        objectRef: urlOf(objectRef),
        ...(priorObjectState !== undefined && { priorObjectState }),
        ...(postObjectState !== undefined && { postObjectState }),
      }
    },
  }
}

function objectOf(state: JsonValue | undefined): JsonObject {
  return typeof state === 'object' && state !== null && !Array.isArray(state) ? state : {}
}
