import type { KubernetesObject } from '../../clusters/cluster.ts'
import { numberAt, stringAt } from '../../clusters/fields.ts'
import type { EventFinding } from '../schema.ts'
import { type Collector, nameOf } from '../subject.ts'

const MOST = 50

/** What happened in the namespaces concerned, newest first. */
export const events: Collector<EventFinding[]> = {
  limitMs: 5_000,
  async collect({ cluster, target, signal }) {
    const found: EventFinding[] = []
    for (const namespace of target.namespaces) {
      const listed = await cluster.list({ apiVersion: 'v1', kind: 'Event' }, { namespace }, { signal })
      found.push(...listed.map(findingOf))
    }
    return found.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, MOST)
  },
}

function findingOf(event: KubernetesObject): EventFinding {
  const text = (...path: string[]) => stringAt(event, ...path)
  const when =
    text('series', 'lastObservedTime') ??
    text('lastTimestamp') ??
    text('eventTime') ??
    event.metadata.creationTimestamp ??
    ''
  const instant = new Date(when)
  return {
    at: Number.isNaN(instant.getTime()) ? new Date(0).toISOString() : instant.toISOString(),
    type: text('type') ?? 'Normal',
    reason: text('reason') ?? '',
    object: nameOf({
      kind: text('involvedObject', 'kind') ?? '?',
      namespace: text('involvedObject', 'namespace'),
      name: text('involvedObject', 'name') ?? '?',
    }),
    message: text('message') ?? '',
    count: numberAt(event, 'series', 'count') ?? numberAt(event, 'count') ?? 1,
  }
}
