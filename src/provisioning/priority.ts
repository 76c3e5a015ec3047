import type { RequestOptions } from './record.ts'

const DEFAULT = 50

/** The queue's priority of a request: 1 (first) to 100, where a client says 100 (first) to 1. */
export function queuePriority({ options }: { options?: Pick<RequestOptions, 'priority'> }): number {
  return 101 - (options?.priority ?? DEFAULT)
}
