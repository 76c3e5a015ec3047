import { awaitCondition } from './await.ts'
import { kindCluster } from './kind-cluster.ts'
import { kptPackage } from './kpt-package.ts'
import { manifests } from './manifests.ts'
import { preflight } from './preflight.ts'
import { report } from './report.ts'
import type { Step } from './step.ts'

/** Every kind of step that a template may use, by name. A new kind is one file and one line here. */
export const STEPS: ReadonlyMap<string, Step> = new Map<string, Step>(
  [preflight, kindCluster, kptPackage, manifests, awaitCondition, report].map((step: Step) => [step.uses, step]),
)
