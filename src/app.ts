import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { OCloudRegistry } from './clusters/registry-types.ts'
import { oCloudOperations } from './clusters/routes.ts'
import { createHttpApp } from './http/app.ts'
import { documentOperations } from './http/document-operations.ts'
import { createEventStreams, type EventStreams } from './http/event-stream.ts'
import { healthOperations } from './http/health.ts'
import type { JsonSchema } from './http/json-schema.ts'
import { createLists } from './http/lists.ts'
import { createMarkers } from './http/marker.ts'
import { metricsOperation } from './http/metrics.ts'
import { openApiDocument, type Tag } from './http/openapi.ts'
import { guarded, type Operation } from './http/operation.ts'
import { DEFAULT_LIST_PAGE_SIZE, DEFAULT_MAX_EVENT_STREAMS, type HttpSettings } from './http/settings.ts'
import { versionOperations } from './http/versions.ts'
import { INVENTORY_API } from './inventory/api.ts'
import type { Inventory } from './inventory/inventory.ts'
import { inventoryOperations } from './inventory/routes.ts'
import { once } from './once.ts'
import { canonicalOperations, PROVISIONING_API } from './provisioning/canonical-routes.ts'
import { COMPATIBILITY_TAG, compatibilityOperations } from './provisioning/compatibility-routes.ts'
import { diagnosticsOperation } from './provisioning/diagnostics-route.ts'
import { eventsOperation } from './provisioning/events-route.ts'
import { logsOperation } from './provisioning/logs-route.ts'
import { reportOperation } from './provisioning/report-route.ts'
import { provisioningOperations } from './provisioning/routes.ts'
import type { ProvisioningService } from './provisioning/service-types.ts'
import { statusTableOperation } from './provisioning/status-table-route.ts'
import type { TemplateCatalogue } from './provisioning/templates/catalogue-types.ts'
import { templateOperations } from './provisioning/templates/routes.ts'
import type { RegistrationService } from './registration/registration.ts'
import { REGISTRATION_TAG, registrationOperation } from './registration/routes.ts'
import { inventorySubscriptionOperations } from './subscriptions/inventory-routes.ts'
import { SUBSCRIPTIONS_TAG, subscriptionOperations } from './subscriptions/routes.ts'
import type { Subscriptions } from './subscriptions/service.ts'
import type { Metrics } from './telemetry/metrics.ts'
import type { Underway } from './underway.ts'

const INFO = {
  title: 'o2ims',
  version: '0.1.0',
  description:
    'An O-RAN O2 IMS service that provisions real clusters. Errors are problem details (RFC 9457) with a stable `code`.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
}

/** The APIs of the specification that are served. */
const VERSIONED = [PROVISIONING_API, INVENTORY_API]

const TAGS: Tag[] = [
  {
    name: 'Provisioning requests',
    description: 'The front door: requests with options, progress, events and reports.',
  },
  { name: 'O-Clouds', description: 'The clusters that requests may target.' },
  { name: 'Templates', description: 'What a request can ask for: parameters and steps.' },
  {
    name: PROVISIONING_API.tag,
    description: `O2ims_InfrastructureProvisioning ${PROVISIONING_API.version} as the specification defines it. The same paths below ${PROVISIONING_API.aliases.join(' and ')} answer identically.`,
  },
  {
    name: INVENTORY_API.tag,
    description: `O2ims_InfrastructureInventory ${INVENTORY_API.version} as the specification defines it, read-only. The same paths below ${INVENTORY_API.aliases.join(' and ')}, as v1 and as v2, answer identically.`,
  },
  SUBSCRIPTIONS_TAG,
  REGISTRATION_TAG,
  { name: 'Service', description: 'Is it there, and is it ready?' },
]

export interface AppParts {
  provisioning: ProvisioningService
  oClouds: OCloudRegistry
  templates: TemplateCatalogue
  registration: RegistrationService
  subscriptions: Subscriptions
  inventory: Inventory
  metrics: Metrics
  underway: Underway
  /** Rejects while the service cannot do its work. */
  ready: () => Promise<void>
  log: Logger
  settings: HttpSettings
}

/** The whole API of the service, ready to listen. `close()` ends event streams at once and does not wait for idle connections. */
export async function createApp(parts: AppParts): Promise<FastifyInstance> {
  const { heartbeatSeconds, maxEventStreams = DEFAULT_MAX_EVENT_STREAMS } = parts.settings
  const streams = createEventStreams({ heartbeatSeconds, max: maxEventStreams })
  parts.metrics.watchStreams(streams.open)
  parts.underway.watch(streams.open)
  const documented = createOperations(parts, streams)
  const document = once(() => describeOperations(documented))
  const operations = [...documented, ...documentOperations(document)]
  return createHttpApp({
    operations,
    versioned: VERSIONED,
    document,
    streams,
    metrics: parts.metrics,
    log: parts.log,
    settings: parts.settings,
  })
}

/** Every operation that the OpenAPI document describes. */
export function createOperations(
  {
    provisioning,
    oClouds,
    templates,
    registration,
    subscriptions,
    inventory,
    metrics,
    ready,
    log,
    settings,
  }: Omit<AppParts, 'underway'>,
  streams: EventStreams,
): Operation[] {
  const lists = createLists({
    markers: createMarkers(settings.markerKey),
    pageSize: settings.listPageSize ?? DEFAULT_LIST_PAGE_SIZE,
  })
  return [
    ...provisioningOperations({ provisioning, lists }),
    eventsOperation({ provisioning, streams }),
    logsOperation({ provisioning, streams }),
    diagnosticsOperation({ provisioning }),
    reportOperation({ provisioning }),
    statusTableOperation({ provisioning, oClouds }),
    ...oCloudOperations({ oClouds, lists, log }),
    ...templateOperations({ templates, lists }),
    registrationOperation(registration),
    ...subscriptionOperations({ subscriptions, lists }),
    ...canonicalOperations({ provisioning, lists }),
    ...guarded(
      [
        ...inventoryOperations({ inventory, lists, registration, apiRoot: settings.apiRoot }),
        ...inventorySubscriptionOperations({ subscriptions, lists }),
      ],
      () => registration.guard(),
    ),
    ...VERSIONED.flatMap((api) => versionOperations(api, settings.apiRoot)),
    ...healthOperations(ready),
    metricsOperation(metrics),
    ...(settings.compatibilityRoutes ? compatibilityOperations({ provisioning, ready }) : []),
  ]
}

export function describeOperations(operations: readonly Operation[]): JsonSchema {
  const compatible = operations.some(({ tag }) => tag === COMPATIBILITY_TAG.name)
  return openApiDocument(operations, INFO, compatible ? [...TAGS, COMPATIBILITY_TAG] : TAGS)
}
