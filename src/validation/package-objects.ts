import type { KubernetesObject } from '../clusters/cluster.ts'
import { readApplied, refusalOfApplied, refusalOfResult } from '../clusters/simulated/admission.ts'
import { builtInKind, servesVersion } from '../clusters/simulated/kinds.ts'
import type { FieldError } from '../errors.ts'
import { nameOf, refOf } from '../provisioning/steps/object-order.ts'

/** What an API server would refuse of the objects of a package, as far as the simulated one tells without a cluster; kinds that it does not have are remarked upon. */
export function objectFaults(objects: readonly KubernetesObject[]): { faults: FieldError[]; remarks: string[] } {
  const unknown = new Set<string>()
  const faults = objects.flatMap((object): FieldError[] => {
    const known = builtInKind(object)
    if (known === undefined || !servesVersion(known, object)) {
      unknown.add(`${object.apiVersion} ${object.kind}`)
      return []
    }
    const refusals = [refusalOfApplied(object, known), refusalOfResult(readApplied(object, known), undefined, known)]
    return refusals.flatMap((message) =>
      message === undefined ? [] : [{ pointer: '', message: `${nameOf(refOf(object))}: ${message}` }],
    )
  })
  const remarks = [...unknown].map((kind) => `what ${kind} may hold, only an O-Cloud knows`)
  return { faults, remarks }
}
