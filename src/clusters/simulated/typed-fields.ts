/** The fields of a type: those that are plain values or of no interest, and those whose own fields are known. */
interface Shape {
  fields: Set<string>
  below: Record<string, Shape>
}

function shape(fields: string, below: Record<string, Shape> = {}): Shape {
  return { fields: new Set([...fields.split(' '), ...Object.keys(below)]), below }
}

const PROBE = shape(
  'exec failureThreshold grpc httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket terminationGracePeriodSeconds timeoutSeconds',
)

const CONTAINER = shape(
  'args command image imagePullPolicy lifecycle name resizePolicy restartPolicy stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices workingDir',
  {
    env: shape('name value valueFrom'),
    envFrom: shape('configMapRef prefix secretRef'),
    livenessProbe: PROBE,
    ports: shape('containerPort hostIP hostPort name protocol'),
    readinessProbe: PROBE,
    resources: shape('claims limits requests'),
    securityContext: shape(
      'allowPrivilegeEscalation appArmorProfile capabilities privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions seccompProfile windowsOptions',
    ),
    startupProbe: PROBE,
    volumeMounts: shape('mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr'),
  },
)

const POD_SPEC = shape(
  'activeDeadlineSeconds affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname imagePullSecrets nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes',
  { containers: CONTAINER, initContainers: CONTAINER },
)

const METADATA = shape(
  'annotations creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName generation labels managedFields name namespace resourceVersion selfLink uid',
  { ownerReferences: shape('apiVersion blockOwnerDeletion controller kind name uid') },
)

const TEMPLATE = shape('', { metadata: METADATA, spec: POD_SPEC })
const SELECTOR = shape('matchLabels', { matchExpressions: shape('key operator values') })
const PEER = shape('', { ipBlock: shape('cidr except'), namespaceSelector: SELECTOR, podSelector: SELECTOR })
const POLICY_PORT = shape('endPort port protocol')
const JOB_SPEC = shape(
  'activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector maxFailedIndexes parallelism podFailurePolicy podReplacementPolicy successPolicy suspend ttlSecondsAfterFinished',
  { selector: SELECTOR, template: TEMPLATE },
)
const CLAIM_SPEC = shape(
  'accessModes dataSource dataSourceRef resources selector storageClassName volumeAttributesClassName volumeMode volumeName',
)

const typed = (spec: Shape): Shape => shape('apiVersion kind status', { metadata: METADATA, spec })
const flat = (fields: string): Shape => shape(`apiVersion kind ${fields}`, { metadata: METADATA })

/** The built-in types whose fields we know, by kind key. */
const TYPES: Record<string, Shape> = {
  '/Pod': typed(POD_SPEC),
  '/Namespace': typed(shape('finalizers')),
  '/ConfigMap': flat('binaryData data immutable'),
  '/Secret': flat('data immutable stringData type'),
  '/ServiceAccount': flat('automountServiceAccountToken imagePullSecrets secrets'),
  '/Service': typed(
    shape(
      'allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig trafficDistribution type',
      { ports: shape('appProtocol name nodePort port protocol targetPort') },
    ),
  ),
  '/PersistentVolumeClaim': typed(CLAIM_SPEC),
  '/ResourceQuota': typed(shape('hard scopeSelector scopes')),
  '/LimitRange': typed(shape('', { limits: shape('default defaultRequest max maxLimitRequestRatio min type') })),
  '/Node': typed(shape('configSource externalID podCIDR podCIDRs providerID taints unschedulable')),
  'apps/Deployment': typed(
    shape('minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit', {
      selector: SELECTOR,
      strategy: shape('rollingUpdate type'),
      template: TEMPLATE,
    }),
  ),
  'apps/ReplicaSet': typed(shape('minReadySeconds replicas', { selector: SELECTOR, template: TEMPLATE })),
  'apps/StatefulSet': typed(
    shape(
      'minReadySeconds ordinals persistentVolumeClaimRetentionPolicy podManagementPolicy replicas revisionHistoryLimit serviceName updateStrategy',
      {
        selector: SELECTOR,
        template: TEMPLATE,
        volumeClaimTemplates: typed(CLAIM_SPEC),
      },
    ),
  ),
  'apps/DaemonSet': typed(
    shape('minReadySeconds revisionHistoryLimit updateStrategy', { selector: SELECTOR, template: TEMPLATE }),
  ),
  'batch/Job': typed(JOB_SPEC),
  'batch/CronJob': typed(
    shape(
      'concurrencyPolicy failedJobsHistoryLimit schedule startingDeadlineSeconds successfulJobsHistoryLimit suspend timeZone',
      {
        jobTemplate: shape('', { metadata: METADATA, spec: JOB_SPEC }),
      },
    ),
  ),
  'networking.k8s.io/NetworkPolicy': typed(
    shape('policyTypes', {
      podSelector: SELECTOR,
      ingress: shape('', { from: PEER, ports: POLICY_PORT }),
      egress: shape('', { to: PEER, ports: POLICY_PORT }),
    }),
  ),
  'networking.k8s.io/Ingress': typed(shape('defaultBackend ingressClassName rules tls')),
  'autoscaling/HorizontalPodAutoscaler': typed(shape('behavior maxReplicas metrics minReplicas scaleTargetRef')),
  'policy/PodDisruptionBudget': typed(
    shape('maxUnavailable minAvailable unhealthyPodEvictionPolicy', { selector: SELECTOR }),
  ),
  'rbac.authorization.k8s.io/Role': flat('rules'),
  'rbac.authorization.k8s.io/ClusterRole': flat('aggregationRule rules'),
  'rbac.authorization.k8s.io/RoleBinding': flat('roleRef subjects'),
  'rbac.authorization.k8s.io/ClusterRoleBinding': flat('roleRef subjects'),
  'apiextensions.k8s.io/CustomResourceDefinition': typed(
    shape('conversion group names preserveUnknownFields scope versions'),
  ),
}

/** The first field that the type does not have, as Kubernetes prints it (`.spec.replicaz`); undefined when all are known. */
export function undeclaredField(kindKey: string, object: unknown): string | undefined {
  const type = Object.hasOwn(TYPES, kindKey) ? TYPES[kindKey] : undefined
  return type === undefined ? undefined : search(object, type, '')
}

function search(value: unknown, known: Shape, path: string): string | undefined {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = search(item, known, `${path}${itemName(item, index)}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, child] of Object.entries(value)) {
    if (!known.fields.has(key)) return `${path}.${key}`
    const below = Object.hasOwn(known.below, key) ? known.below[key] : undefined
    const found = below === undefined ? undefined : search(child, below, `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function itemName(item: unknown, index: number): string {
  const named = typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
  return named ? `[name=${JSON.stringify(item.name)}]` : `[${index}]`
}
