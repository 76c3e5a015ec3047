export const SUBSCRIPTIONS = 'subscription'

/** Events of a subscription's record: its lane was opened, or closed. Any other says that somebody asks the lane for something. */
export const CREATED = 'created'
export const REMOVED = 'removed'

/** Which changes a subscription is about; the `kind` of the outbox's entries. */
export const SUBSCRIPTION_APIS = ['inventory', 'provisioning'] as const
export type SubscriptionApi = (typeof SUBSCRIPTION_APIS)[number]

/** InventorySubscriptionInfo (O2IMS 3.2.6.2.7), also for subscriptions to provisioning requests. Never changes. */
export interface Subscription {
  subscriptionId: string
  consumerSubscriptionId?: string
  filter?: string
  callback: string
}

/** How deliveries to one callback go. Times are RFC 3339. */
export interface Delivery {
  consecutiveFailures: number
  /** The first failure since the last success. */
  failingSince?: string
  lastSuccessAt?: string
  lastFailure?: { at: string; reason: string }
  /** Not before: the pause after a failure. */
  nextAttemptAt?: string
}

/** Which dead letters are kept: those from `first` up to, not including, `next`. */
export interface DeadLetterRange {
  first: number
  next: number
  /** Notifications that are kept nowhere any more: pushed out by newer ones, or fallen off the outbox. */
  lost: number
}

/** A stored subscription. Its lane of the outbox bears its id, and opens and closes with it. */
export interface SubscriptionRecord extends Subscription {
  api: SubscriptionApi
  createdAt: string
  delivery: Delivery
  deadLetters: DeadLetterRange
  /** Up to which dead letter they are to be delivered again. */
  replayTo?: number
}
