import type { KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import type { Diagnosis } from '../schema.ts'
import type { Collector } from '../subject.ts'

/** Where the operators of FoCoM and of O2 IMS run by their own manifests. */
const NAMESPACES = ['focom-system', 'focom-operator-system', 'o2ims']
const OPERATOR = /focom|o2ims|controller-manager/
const MOST = 4
const OF_ONE = { tailLines: 50, limitBytes: 8 * 1024 }

type OperatorLogs = NonNullable<Diagnosis['targets'][number]['operatorLogs']>

/** The last words of the operators, known by their labels. */
export const operatorLogs: Collector<OperatorLogs> = {
  limitMs: 6_000,
  async collect({ cluster, signal }) {
    const found: KubernetesObject[] = []
    for (const namespace of NAMESPACES)
      found.push(
        ...(await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace }, { signal })).filter(isOperator),
      )
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

const isOperator = ({ metadata }: KubernetesObject): boolean =>
  ['app.kubernetes.io/name', 'app', 'control-plane', 'k8s-app'].some((label) =>
    OPERATOR.test(metadata.labels?.[label] ?? ''),
  )
