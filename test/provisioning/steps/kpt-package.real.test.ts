import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createKubernetesCluster } from '../../../src/clusters/kubernetes/cluster.ts'
import { createKptPackages } from '../../../src/packages/kpt.ts'
import { createChildProcesses } from '../../../src/tools/child-processes.ts'
import { createKpt } from '../../../src/tools/kpt.ts'
import { ALL_PARTS, startControlPlane } from '../../harness/control-plane.ts'
import { silentLog } from '../../harness/redis.ts'
import { kptPackageRules } from './kpt-package-rules.ts'

const PATHS: Record<string, string> = {
  Namespace: '/api/v1/namespaces',
  ConfigMap: '/api/v1/namespaces/NAMESPACE/configmaps',
}

kptPackageRules(
  'kpt on a real API server',
  async () => {
    const plane = await startControlPlane({ parts: ALL_PARTS })
    const runDir = mkdtempSync(join(tmpdir(), 'o2ims-run-'))
    await plane.addNode()
    const cluster = createKubernetesCluster({ oCloudId: 'edge', kubeconfig: plane.kubeconfig, log: silentLog() })
    const kpt = createKpt({ children: createChildProcesses(), runDir })
    return {
      cluster,
      packages: createKptPackages({ kpt, kubeconfigOf: async () => plane.kubeconfig }),
      async makeForeign(object) {
        const path = PATHS[object.kind]?.replace('NAMESPACE', object.metadata.namespace ?? '') ?? ''
        expect((await plane.client.call('POST', path, object)).status).toBe(201)
      },
      async teardown() {
        rmSync(runDir, { recursive: true, force: true })
        await cluster.close()
        await plane.stop()
      },
    }
  },
  { needs: ['control-plane', 'kwok', 'kpt'] },
)
