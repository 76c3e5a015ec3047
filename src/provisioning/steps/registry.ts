import { awaitCondition } from './await.ts'
import { focomRequest } from './focom-request.ts'
import { hook } from './hook.ts'
import { kindCluster } from './kind-cluster.ts'
import { kptPackage } from './kpt-package.ts'
import { kubeconfigSecret } from './kubeconfig-secret.ts'
import { manifests } from './manifests.ts'
import { o2imsRequest } from './o2ims-request.ts'
import { orRegistered } from './or-registered.ts'
import { preflight } from './preflight.ts'
import { removalHook } from './removal-hook.ts'
import { report } from './report.ts'
import { createSharedPackage } from './shared-package.ts'
import type { Step } from './step.ts'

/** FoCoM is one for each cluster: all requests there use the same. */
const focomOperator = createSharedPackage({ uses: 'focom-operator', shared: 'focom-operator', code: 'FOCOM_FAILED' })
const sharedPackage = createSharedPackage({ uses: 'shared-package' })

/** Every kind of step that a template may use, by name. A new kind is one file and one line here. */
export const STEPS: ReadonlyMap<string, Step> = new Map<string, Step>(
  [
    preflight,
    orRegistered(kindCluster),
    kptPackage,
    sharedPackage,
    focomOperator,
    manifests,
    kubeconfigSecret,
    focomRequest,
    o2imsRequest,
    awaitCondition,
    hook,
    removalHook,
    report,
  ].map((step: Step) => [step.uses, step]),
)
