import type { Subject, Target } from '../diagnostics/subject.ts'
import type { FailureRecord, Made, ProvisioningRecord, StepRecord } from './record.ts'
import { isNamespace, keyOf, plainRef } from './steps/object-order.ts'
import { CLUSTER_KIND } from './steps/target.ts'

const MOST_NAMESPACES = 10

/** What a diagnosis of this request looks at. `failure`: what is about to be written down as one. */
export function subjectOf(
  record: ProvisioningRecord,
  failure: Pick<FailureRecord, 'code' | 'step' | 'cause'> | undefined = record.error,
): Subject {
  const { reference, generation, phase, startedAt, createdAt } = record
  const all = [...record.retired, ...record.steps]
  const stoodOn = all.flatMap(({ made }) => made?.oCloudId ?? [])
  const ids = [...new Set([...record.oCloudIds, ...stoodOn])]
  const failing = record.steps.find(({ name }) => name === failure?.step)?.made?.oCloudId
  return {
    reference,
    generation,
    since: startedAt ?? createdAt,
    phase,
    ...(failure && {
      failure: { code: failure.code, step: failure.step, cause: failure.cause, ...(failing && { oCloudId: failing }) },
    }),
    targets: [...ids.map((id) => targetOf(id, all, record)), ...unregistered(all)],
  }
}

function targetOf(oCloudId: string, steps: readonly StepRecord[], { parameters, phase }: ProvisioningRecord): Target {
  const made = steps.flatMap((step) => (step.made?.oCloudId === oCloudId ? [step.made] : []))
  // An object may stand elsewhere than what its step else makes: what FoCoM asks for does.
  const standing = steps.flatMap(({ made: of }) =>
    (of?.objects ?? []).filter((object) => (object.oCloudId ?? of?.oCloudId) === oCloudId),
  )
  const objects = standing.filter(({ action }) => action !== 'deleted')
  const inside = [...new Map(objects.filter((object) => !isCluster(object)).map((ref) => [keyOf(ref), ref])).values()]
  const named = typeof parameters.namespace === 'string' ? [parameters.namespace] : []
  const namespaces = inside.flatMap((object) => (isNamespace(object) ? object.name : (object.namespace ?? [])))
  const cluster = phase === 'FULFILLED' ? undefined : made.map(clusterOf).find((one) => one !== undefined)
  return {
    oCloudId,
    name: oCloudId,
    objects: inside.map(plainRef),
    namespaces: [...new Set([...namespaces, ...named])].slice(0, MOST_NAMESPACES),
    operatorNamespaces: operatorNamespaces(parameters),
    inventories: made.flatMap(inventoryOf),
    ...(cluster && { made: cluster }),
  }
}

/** By their names in templates: `focomNamespace`, `o2imsNamespace`. */
const operatorNamespaces = (parameters: ProvisioningRecord['parameters']): string[] =>
  Object.entries(parameters).flatMap(([name, value]) =>
    name.endsWith('Namespace') && typeof value === 'string' ? [value] : [],
  )

const NOTHING = { objects: [], namespaces: [], operatorNamespaces: [], inventories: [] }

/** Clusters whose making failed before they were registered. */
function unregistered(steps: readonly StepRecord[]): Target[] {
  return steps.flatMap(({ made }) => {
    const cluster = made && made.oCloudId === undefined ? clusterOf(made) : undefined
    return cluster ? [{ ...NOTHING, name: cluster.clusterName, made: cluster }] : []
  })
}

function clusterOf({ objects, notes }: Made): Target['made'] {
  const cluster = objects.find((object) => isCluster(object) && object.action !== 'deleted')
  return cluster && { driver: notes.driver === 'simulated' ? 'simulated' : 'kind', clusterName: cluster.name }
}

const isCluster = ({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean =>
  apiVersion === CLUSTER_KIND.apiVersion && kind === CLUSTER_KIND.kind

function inventoryOf({ notes }: Made): { namespace: string; name: string }[] {
  const { inventory } = notes
  if (typeof inventory !== 'object' || inventory === null || Array.isArray(inventory)) return []
  const { namespace, name } = inventory
  return typeof namespace === 'string' && typeof name === 'string' ? [{ namespace, name }] : []
}
