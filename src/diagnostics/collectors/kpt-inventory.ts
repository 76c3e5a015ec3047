import { listAt, stringAt } from '../../clusters/fields.ts'
import type { Diagnosis } from '../schema.ts'
import { type Collector, nameOf } from '../subject.ts'

const RESOURCE_GROUP = { apiVersion: 'kpt.dev/v1alpha1', kind: 'ResourceGroup' }
const MOST = 50

type Inventories = NonNullable<Diagnosis['targets'][number]['kptInventory']>

/** What kpt knows of the objects that it applied. */
export const kptInventory: Collector<Inventories> = {
  limitMs: 5_000,
  async collect({ cluster, target, signal }) {
    const found: Inventories = []
    for (const { namespace, name } of target.inventories) {
      const group = await cluster.get({ ...RESOURCE_GROUP, namespace, name }, { signal })
      if (group === undefined) continue
      const statuses = listAt(group, 'status', 'resourceStatuses')
      found.push({
        namespace,
        name,
        objects: listAt(group, 'spec', 'resources').length,
        notCurrent: statuses.flatMap(notCurrent).slice(0, MOST),
      })
    }
    return found
  },
}

function notCurrent(entry: unknown): Inventories[number]['notCurrent'] {
  const status = stringAt(entry, 'status') ?? 'Unknown'
  const reconcile = stringAt(entry, 'reconcile')
  if (status === 'Current' || (status === 'Unknown' && reconcile === 'Succeeded')) return []
  const object = nameOf({
    kind: stringAt(entry, 'kind') ?? '?',
    namespace: stringAt(entry, 'namespace') || undefined,
    name: stringAt(entry, 'name') ?? '?',
  })
  const message = listAt(entry, 'conditions')
    .map((condition) => stringAt(condition, 'message'))
    .find((text) => text !== undefined && text !== '')
  return [
    { object, status: reconcile === undefined ? status : `${status} (${reconcile})`, ...(message && { message }) },
  ]
}
