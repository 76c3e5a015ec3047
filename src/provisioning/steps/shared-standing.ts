import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { listAt, stringAt } from '../../clusters/fields.ts'
import { ServiceError } from '../../errors.ts'
import type { MadeObject } from '../record.ts'
import { definitionFaults } from './definition-rules.ts'
import { differences } from './differences.ts'
import { forEachBounded, throughOutages } from './limits.ts'
import { isDefinition, isNamespace, isWorkload, nameOf, refOf } from './object-order.ts'
import { foreignResourcesOf } from './others.ts'
import { ownerOf, standingOf } from './ownership.ts'
import type { StepContext, Undone } from './step.ts'

/** An object of the package beside what stands of it. */
export interface Standing {
  object: KubernetesObject
  live: KubernetesObject | undefined
  /** It carries the mark of what is shared. */
  ours: boolean
}

export type PackageStanding =
  /** Nothing of somebody else's: it can be applied, or is applied already. */
  | { whose: 'ours'; objects: Standing[] }
  /** Somebody else's definitions stand, and serve what ours would. `words` says whose. */
  | { whose: 'foreign'; definitions: KubernetesObject[]; words: string }

/**
 * Looks at what stands of a shared package; writes nothing. A package of somebody else is known by its definitions. Rejects with APPLY_FAILED and what differs when these cannot
 * serve, or when one of them is missing.
 */
export async function packageStanding(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  shared: StepContext,
): Promise<PackageStanding> {
  const { signal } = shared
  const owner = ownerOf(shared)
  const standings = await forEachBounded(objects, async (object): Promise<Standing> => {
    const live = await cluster.get(refOf(object), { signal })
    return { object, live, ours: live !== undefined && standingOf(live, owner).standing === 'ours' }
  })
  const definitions = standings.filter(({ object }) => isDefinition(object))
  const foreign = definitions.filter(({ live, ours }) => live !== undefined && !ours)
  const [first] = foreign
  if (first?.live === undefined) return { whose: 'ours', objects: standings }
  const standing = standingOf(first.live, owner)
  const maker = standing.standing === 'foreign' ? standing.owner : 'somebody else'
  const faults = definitions.flatMap(faultsOf)
  if (faults.length > 0)
    throw new ServiceError('APPLY_FAILED', `the definitions of ${maker} stand and cannot be used: ${faults.join('; ')}`)
  const workloads = standings.map(({ object }) => object).filter(isWorkload)
  const words = `that of ${maker} is used and not owned${await operatorWords(cluster, workloads, signal)}`
  return { whose: 'foreign', definitions: foreign.flatMap(({ live }) => (live ? [live] : [])), words }
}

/** Rejects with APPLY_FAILED that names each definition which is missing or cannot serve: for what is not applied here. */
export function requireDefinitions(standing: PackageStanding): void {
  if (standing.whose === 'foreign') return
  const faults = standing.objects.filter(({ object }) => isDefinition(object)).flatMap(faultsOf)
  if (faults.length > 0)
    throw new ServiceError('APPLY_FAILED', `${faults.join('; ')} (nothing is applied here: it has to be there)`)
}

function faultsOf({ object, live }: Standing): string[] {
  if (live === undefined) return [`CustomResourceDefinition ${object.metadata.name} is missing`]
  return definitionFaults(object, live).map((fault) => `CustomResourceDefinition ${object.metadata.name}: ${fault}`)
}

/**
 * Of a package that no request uses any more: what stays all the same, because custom resources of others need it. One resource keeps all definitions, for it may
 * refer to resources of the others, and the namespace that it lives in. What these owners themselves have left there is not others'.
 */
export async function neededByOthers(
  cluster: Cluster,
  objects: readonly MadeObject[],
  references: readonly string[],
  signal: AbortSignal,
): Promise<NonNullable<Undone['kept']>> {
  const found = await forEachBounded(objects.filter(isDefinition), (definition) =>
    throughOutages(async () => {
      const live = await cluster.get(definition, { signal })
      return live === undefined ? [] : foreignResourcesOf(cluster, live, references, signal)
    }, signal),
  )
  const resources = found.flat()
  const [first] = resources
  if (first === undefined) return []
  const reason = `${nameOf(first)} of somebody else needs it`
  const homes = new Set(resources.map(({ namespace }) => namespace))
  return objects
    .filter((object) => isDefinition(object) || (isNamespace(object) && homes.has(object.name)))
    .map((object) => ({ ...object, reason }))
}

const MOST_TOLD = 3

/** What differs from what stands, for a refusal; objects that are the same are not told. */
export function whatDiffers(objects: readonly Standing[]): string {
  const told = objects.flatMap(({ object, live }) => {
    const name = nameOf(refOf(object))
    if (live === undefined) return [`${name} does not exist`]
    const { metadata: _wanted, ...wanted } = object
    return differences(wanted, live).map((difference) => `${name}: ${difference}`)
  })
  return told.slice(0, MOST_TOLD).join('; ') || 'it is another version of the package'
}

/** Where the operator of somebody else's package runs, found by the name or the image that ours has. */
async function operatorWords(
  cluster: Cluster,
  workloads: readonly KubernetesObject[],
  signal: AbortSignal,
): Promise<string> {
  if (workloads.length === 0) return ''
  const images = new Set(workloads.flatMap(imagesOf).map(withoutTag))
  const names = new Set(workloads.map(({ metadata }) => metadata.labels?.[NAME_LABEL]).filter(Boolean))
  try {
    const all = await cluster.list(DEPLOYMENTS, {}, { signal })
    const found = all.find(
      (one) =>
        names.has(one.metadata.labels?.[NAME_LABEL]) || imagesOf(one).some((image) => images.has(withoutTag(image))),
    )
    if (found === undefined) return '; no Deployment of its operator was found, so one has to run elsewhere'
    const [image = 'unknown image'] = imagesOf(found)
    return `; its operator is ${nameOf(refOf({ ...found, ...DEPLOYMENTS }))} (${image})`
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'APPLY_FAILED') throw error
    return '; its operator cannot be looked for with this account'
  }
}

const DEPLOYMENTS = { apiVersion: 'apps/v1', kind: 'Deployment' }
const NAME_LABEL = 'app.kubernetes.io/name'

const imagesOf = (workload: KubernetesObject): string[] =>
  listAt(workload, 'spec', 'template', 'spec', 'containers')
    .map((container) => stringAt(container, 'image'))
    .filter((image) => image !== undefined)

/** The repository; the port of a registry stays. */
const withoutTag = (image: string): string => image.replace(/(:[^:/]+)?(@.*)?$/, '')
