import { ServiceError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import type { Feed } from '../store/store.ts'

export interface WorkerAnswer {
  promise: Promise<JsonValue>
  stop(): void
}

/** A worker's answer on a topic of the feed: listens before the question is asked. Rejects with NO_WORKER when none comes in time; `what` names what was asked for. */
export function waitForAnswer(feed: Feed, topic: string, timeoutMs: number, what: string): WorkerAnswer {
  const { promise, resolve, reject } = Promise.withResolvers<JsonValue>()
  const stopListening = feed.subscribe(
    topic,
    ({ data }) => resolve(data),
    () => undefined,
  )
  const seconds = timeoutMs / 1000
  const timer = setTimeout(() => {
    const hint = 'is one running (o2ims serve --roles worker)?'
    reject(new ServiceError('NO_WORKER', `no worker made ${what} within ${seconds} s; ${hint}`))
  }, timeoutMs)
  promise.catch(() => undefined)
  return {
    promise,
    stop: () => {
      clearTimeout(timer)
      stopListening()
    },
  }
}
