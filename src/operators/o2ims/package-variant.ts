import type { KubernetesObject } from '../../clusters/cluster.ts'
import { at, isObject, listAt, stringAt } from '../../clusters/fields.ts'
import type { JsonObject, JsonValue } from '../../json.ts'
import { passedOn } from '../behaviour.ts'
import { PACKAGE_VARIANT, PACKAGES_NAMESPACE } from '../kinds.ts'

const UPSTREAM_REPO = 'catalog-infra-capi'
const DOWNSTREAM_REPO = 'mgmt'
const SET_LABELS = 'gcr.io/kpt-fn/set-labels:v0.2.0'

/** By these the new generation knows its own. */
const REQUEST_UID = 'o2ims.provisioning.oran.org/request-uid'
const DOWNSTREAM_PACKAGE = 'o2ims.provisioning.oran.org/downstream-package'

/** The PackageVariant of a request. All template parameters but clusterName and labels are dropped, as both generations do. */
export function packageVariantOf(
  request: KubernetesObject,
  clusterName: string,
  generation: 'old' | 'new',
): KubernetesObject {
  const owned = generation === 'new' ? ownership(request, clusterName) : {}
  const annotations = { ...passedOn(request).annotations, ...owned }
  return {
    ...PACKAGE_VARIANT,
    metadata: { name: request.metadata.name, namespace: PACKAGES_NAMESPACE, annotations },
    spec: {
      upstream: {
        repo: UPSTREAM_REPO,
        package: stringAt(request, 'spec', 'templateName') ?? '',
        workspaceName: stringAt(request, 'spec', 'templateVersion') ?? '',
      },
      downstream: { repo: DOWNSTREAM_REPO, package: clusterName },
      annotations: { 'approval.nephio.org/policy': 'initial' },
      pipeline: { mutators: mutatorsOf(request.spec?.templateParameters) },
    },
  }
}

/** Was it made by the new generation for this very request? */
export function belongsTo(variant: KubernetesObject, request: KubernetesObject, clusterName: string): boolean {
  const wanted = ownership(request, clusterName)
  return Object.entries(wanted).every(([key, value]) => stringAt(variant, 'metadata', 'annotations', key) === value)
}

/** What the old generation goes by: the last condition, whatever its type. */
export function lastCondition(variant: KubernetesObject): { status: string; reason: string } | undefined {
  const last = listAt(variant, 'status', 'conditions').at(-1)
  if (last === undefined) return undefined
  return { status: stringAt(last, 'status') ?? '', reason: stringAt(last, 'reason') ?? '' }
}

function ownership(request: KubernetesObject, clusterName: string): Record<string, string> {
  return { [REQUEST_UID]: request.metadata.uid ?? '', [DOWNSTREAM_PACKAGE]: clusterName }
}

function mutatorsOf(parameters: JsonValue | undefined): JsonObject[] {
  if (!isObject(parameters) || !Object.keys(parameters).some((key) => key.includes('labels'))) return []
  const labels = at(parameters, 'labels')
  const entries = isObject(labels)
    ? Object.entries(labels).map(([key, value]): [string, string] => [key, String(value)])
    : []
  return [{ image: SET_LABELS, configMap: Object.fromEntries(entries) }]
}
