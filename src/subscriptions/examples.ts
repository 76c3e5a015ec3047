import type { z } from 'zod'
import type {
  deadLetterSchema,
  inventorySubscriptionInfoSchema,
  newSubscriptionSchema,
  subscriptionSchema,
} from './schema.ts'

const SUBSCRIPTION_ID = '5d0f1c9e-7c1b-4f0e-9a43-2b1f0f7c2a10'

export const subscriptionPathExample = { subscriptionId: SUBSCRIPTION_ID }

const inventory = {
  callback: 'https://smo.example/notifications/inventory',
  consumerSubscriptionId: 'smo-7',
  filter: '(in,objectType,DeploymentManager,Resource)',
}

export const inventorySubscriptionExamples = {
  some: { summary: 'Clusters and nodes only', value: inventory },
}

export const inventorySubscriptionExample: z.input<typeof inventorySubscriptionInfoSchema> = {
  subscriptionId: SUBSCRIPTION_ID,
  ...inventory,
}

const provisioning: z.input<typeof newSubscriptionSchema> = {
  api: 'provisioning',
  callback: 'https://smo.example/notifications/provisioning',
  filter: '(in,provisioningPhase,FULFILLED,FAILED)',
}

export const subscriptionExamples = {
  ends: { summary: 'How provisioning requests end', value: provisioning },
}

export const subscriptionExample: z.input<typeof subscriptionSchema> = {
  subscriptionId: SUBSCRIPTION_ID,
  ...provisioning,
  api: 'provisioning',
  createdAt: '2026-11-23T10:00:00.000Z',
  health: {
    state: 'RETRYING',
    consecutiveFailures: 3,
    failingSince: '2026-11-23T10:05:00.000Z',
    lastSuccessAt: '2026-11-23T10:04:00.000Z',
    lastFailure: { at: '2026-11-23T10:05:04.000Z', reason: 'answered 503' },
    nextAttemptAt: '2026-11-23T10:05:08.000Z',
    lag: { changes: 2, oldestAt: '2026-11-23T10:05:00.000Z' },
    deadLetters: { kept: 1, lost: 0 },
    replaying: false,
  },
}

export const deadLetterExample: z.input<typeof deadLetterSchema> = {
  notificationId: '0b7a6c1e-6d52-8f6e-9a43-0d3f5c1f9a10',
  at: '2026-11-22T10:05:00.000Z',
  givenUpAt: '2026-11-23T10:05:04.000Z',
  reason: 'answered 503',
  notification: {
    notificationId: '0b7a6c1e-6d52-8f6e-9a43-0d3f5c1f9a10',
    subscriptionId: SUBSCRIPTION_ID,
    at: '2026-11-22T10:05:00.000Z',
    provisioningRequestId: 'edge-1-ran',
    provisioningRequestReference: 'c2b0f1c9-7c1b-4f0e-9a43-2b1f0f7c2a10',
    name: 'ran at edge-1',
    templateName: 'kpt-workload',
    templateVersion: '1.0.0',
    event: 'phase',
    generation: 1,
    provisioningPhase: 'FULFILLED',
    priorProvisioningPhase: 'PROGRESSING',
    message: 'provisioned',
  },
}
