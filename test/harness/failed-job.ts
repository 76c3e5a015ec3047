import type { Cluster, KubernetesObject } from '../../src/clusters/cluster.ts'
import { HOOK_JOB_LABEL } from '../../src/clusters/ownership.ts'
import { writeStatus } from '../../src/clusters/simulated/controllers/write-status.ts'

const NO_SUCH_FILE =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: exec: "/nope": stat /nope: no such file or directory'

/** The Job of a hook whose command is not in its image, and its pod, as kubelets write them; on a simulated cluster whose controllers are not at work. */
export async function jobThatCannotStart(cluster: Cluster, namespace: string): Promise<KubernetesObject> {
  const name = 'smoke'
  const labels = { [HOOK_JOB_LABEL]: name }
  const spec = { restartPolicy: 'Never', containers: [{ name: 'hook', image: 'tests:1', command: ['/nope'] }] }
  const job = await cluster.apply({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { backoffLimit: 0, template: { metadata: { labels }, spec } },
  })
  const uid = job.metadata.uid ?? ''
  const pod = await cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-x2x4z`,
      namespace,
      labels,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
    },
    spec,
  })
  const terminated = { exitCode: 128, reason: 'StartError', message: NO_SUCH_FILE }
  await writeStatus(cluster, pod, () => ({
    phase: 'Failed',
    containerStatuses: [{ name: 'hook', image: 'tests:1', restartCount: 0, state: { terminated } }],
  }))
  const message = 'Job has reached the specified backoff limit'
  await writeStatus(cluster, job, () => ({
    conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message }],
  }))
  return job
}
