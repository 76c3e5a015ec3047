import type { KindRef } from '../../clusters/cluster.ts'
import type { Collector } from '../subject.ts'

/** Kinds of the request's objects that this cluster does not know. */
export const missingKinds: Collector<KindRef[]> = {
  limitMs: 5_000,
  async collect({ cluster, target, signal }) {
    const kinds = new Map(
      target.objects.map(({ apiVersion, kind }) => [`${apiVersion}/${kind}`, { apiVersion, kind }] as const),
    )
    const missing: KindRef[] = []
    for (const kind of kinds.values()) if ((await cluster.scope(kind, { signal })) === undefined) missing.push(kind)
    return missing
  },
}
