import type { KubernetesObject } from '../../clusters/cluster.ts'
import { numberAt, stringAt } from '../../clusters/fields.ts'
import { belongsTo } from '../belonging.ts'
import type { EventFinding } from '../schema.ts'
import { type Collector, nameOf, type Scene } from '../subject.ts'

const MOST = 50

/** What happened in the namespaces concerned, newest first; when that is too much, first of all what concerns the request. */
export const events: Collector<EventFinding[]> = {
  limitMs: 5_000,
  async collect(scene) {
    const { cluster, target, signal } = scene
    const found: EventFinding[] = []
    for (const namespace of target.namespaces) {
      const listed = await cluster.list({ apiVersion: 'v1', kind: 'Event' }, { namespace }, { signal })
      found.push(...listed.map((event) => findingOf(event, scene)))
    }
    const sorted = found.sort(newestFirst)
    const ours = sorted.filter((event) => event.ours)
    const others = sorted.filter((event) => !event.ours)
    return [...ours, ...others].slice(0, MOST).sort(newestFirst)
  },
}

const newestFirst = (a: EventFinding, b: EventFinding): number => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)

function findingOf(event: KubernetesObject, { target, since }: Scene): EventFinding {
  const text = (...path: string[]) => stringAt(event, ...path)
  const when =
    text('series', 'lastObservedTime') ??
    text('lastTimestamp') ??
    text('eventTime') ??
    event.metadata.creationTimestamp ??
    ''
  const instant = Number.isNaN(Date.parse(when)) ? 0 : Date.parse(when)
  const about = {
    kind: text('involvedObject', 'kind') ?? '?',
    namespace: text('involvedObject', 'namespace'),
    name: text('involvedObject', 'name') ?? '?',
  }
  return {
    at: new Date(instant).toISOString(),
    type: text('type') ?? 'Normal',
    reason: text('reason') ?? '',
    object: nameOf(about),
    ours: instant >= wholeSecond(since) && target.objects.some((object) => belongsTo(object, about)),
    message: text('message') ?? '',
    count: numberAt(event, 'series', 'count') ?? numberAt(event, 'count') ?? 1,
  }
}

/** Most events are dated to the second, and rounded down. */
const wholeSecond = (since: string): number => Math.floor(Date.parse(since) / 1000) * 1000
