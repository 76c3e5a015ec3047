import type { KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import type { Diagnosis } from '../schema.ts'
import type { Collector } from '../subject.ts'

/** Where the operators of FoCoM and of O2 IMS run by their own manifests, and how they are labelled. */
const NAMESPACES = ['focom-system', 'focom-operator-system', 'o2ims']
const OPERATOR = /focom|o2ims|controller-manager/
/** Elsewhere a controller-manager may be anybody's. */
const OURS = /focom|o2ims/
const MOST = 4
const OF_ONE = { tailLines: 50, limitBytes: 8 * 1024 }

type OperatorLogs = NonNullable<Diagnosis['targets'][number]['operatorLogs']>

/** The last words of the operators, known by their labels. */
export const operatorLogs: Collector<OperatorLogs> = {
  limitMs: 6_000,
  async collect({ cluster, target, signal }) {
    const own = new Set([...target.operatorNamespaces, ...NAMESPACES])
    const found: KubernetesObject[] = []
    for (const namespace of own.union(new Set(target.namespaces))) {
      const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace }, { signal })
      found.push(...pods.filter((pod) => isLabelled(pod, own.has(namespace) ? OPERATOR : OURS)))
    }
    return Promise.all(
      found.slice(0, MOST).map(async (pod) => {
        const { namespace = '', name } = pod.metadata
        const log = await cluster
          .logs({ namespace, name }, { ...OF_ONE, signal })
          .catch((error: unknown) => `(cannot be read: ${error instanceof Error ? error.message : String(error)})`)
        return { namespace, pod: name, phase: stringAt(pod, 'status', 'phase') ?? 'Pending', log: log ?? '' }
      }),
    )
  },
}

const isLabelled = ({ metadata }: KubernetesObject, as: RegExp): boolean =>
  ['app.kubernetes.io/name', 'app', 'control-plane', 'k8s-app'].some((label) => as.test(metadata.labels?.[label] ?? ''))
