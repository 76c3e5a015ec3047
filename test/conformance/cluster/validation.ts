import { expect, test } from 'vitest'
import type { KubernetesObject } from '../../../src/clusters/cluster.ts'
import type { JsonObject } from '../../../src/json.ts'
import { type Arena, deployment } from './arena.ts'

const NO_QUANTITY = 'quantities must match the regular expression'
const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
const CONTAINER = 'Deployment.apps "d" is invalid: spec.template.spec.containers[0]'
const PEER = 'NetworkPolicy.networking.k8s.io "n" is invalid: spec.ingress[0].from[0]'

/** What is refused, in the words of the server, and what is not. */
export function validationRules(arena: Arena): void {
  const said = async (object: (namespace: string) => KubernetesObject): Promise<string> => {
    const made = arena.cluster().apply(object(await arena.namespace()), { dryRun: true })
    return made.then(
      () => 'accepted',
      ({ code, message }) => `${code}: ${message}`,
    )
  }

  const resources = (requests: JsonObject, limits: JsonObject): JsonObject => ({ resources: { requests, limits } })
  test.each<[string, JsonObject, string]>([
    [
      'a request beyond its limit',
      resources({ cpu: '1500m' }, { cpu: '1.2' }),
      `${CONTAINER}.resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1200m`,
    ],
    [
      'two faults at once',
      { image: '', ...resources({ memory: '1Gi' }, { memory: '500Mi' }) },
      'is invalid: [spec.template.spec.containers[0].image: Required value, spec.template.spec.containers[0].resources.requests: Invalid value: "1Gi": must be less than or equal to memory limit of 500Mi]',
    ],
    [
      'a device without a limit',
      resources({ 'nvidia.com/gpu': '1' }, {}),
      `${CONTAINER}.resources.limits: Required value: Limit must be set for non overcommitable resources`,
    ],
    [
      'a resource that there is not',
      resources({ cup: '1' }, {}),
      'resources.requests[cup]: Invalid value: cup: must be a standard resource for containers',
    ],
    [
      'less than nothing',
      resources({ cpu: '-2' }, {}),
      `${CONTAINER}.resources.requests[cpu]: Invalid value: "-2": must be greater than or equal to 0`,
    ],
    ['what is no quantity', resources({ cpu: 'two' }, {}), NO_QUANTITY],
    ['no image', { image: '' }, `${CONTAINER}.image: Required value`],
    ['a name that is none', { name: 'Main_' }, `${CONTAINER}.name: Invalid value: "Main_": a lowercase RFC 1123 label`],
    [
      'a pull policy that there is not',
      { imagePullPolicy: 'Sometimes' },
      `${CONTAINER}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`,
    ],
    [
      'a port that there is not',
      { ports: [{ containerPort: 70_000 }] },
      `${CONTAINER}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
    ],
  ])('a container with %s is refused', async (_what, container, words) => {
    const object = (namespace: string) => withContainer(deployment(namespace, 'd', 1), container)
    expect(await said(object)).toContain(words)
    expect(await said(object)).toMatch(/^APPLY_FAILED: /)
  })

  test('an init container and the pods of a CronJob are judged alike', async () => {
    const container = { name: 'a', image: 'x', ...resources({ cpu: '2' }, { cpu: '1' }) }
    const why = '.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'
    const template = { spec: { restartPolicy: 'Never', containers: [container] } }
    const cron = (namespace: string) => ({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'c', namespace },
      spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } },
    })
    expect(await said(cron)).toContain(`spec.jobTemplate.spec.template.spec.containers[0]${why}`)
    const pod = { restartPolicy: 'Never', initContainers: [container], containers: [{ name: 'b', image: 'x' }] }
    const job = (namespace: string) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j', namespace },
      spec: { template: { spec: pod } },
    })
    expect(await said(job)).toContain(`spec.template.spec.initContainers[0]${why}`)
  })

  const quota = (hard: JsonObject) => (namespace: string) => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace },
    spec: { hard },
  })
  test.each<[string, JsonObject, string]>([
    [
      'a resource that there is not',
      { 'request.cpu': '1' },
      'spec.hard[request.cpu]: Invalid value: request.cpu: must be a standard resource for quota',
    ],
    [
      'a name that is none',
      { 'a/b/c': '1' },
      'spec.hard[a/b/c]: Invalid value: a/b/c: a qualified name must consist of',
    ],
    [
      'less than nothing',
      { 'limits.cpu': '-1' },
      'spec.hard[limits.cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ],
    ['half a pod', { pods: '1.5' }, 'must be an integer'],
    ['what is no quantity', { pods: 'x' }, NO_QUANTITY],
  ])('a quota for %s is refused', async (_what, hard, words) => {
    expect(await said(quota(hard))).toContain(words)
  })

  test('a quota for whatever Kubernetes counts is taken', async () => {
    const hard = {
      cpu: 1,
      pods: '10',
      'requests.memory': '1Gi',
      'limits.ephemeral-storage': '1Gi',
      'services.nodeports': 1,
      'count/deployments.apps': 3,
      'requests.nvidia.com/gpu': 1,
      'requests.hugepages-2Mi': '1',
      'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
    }
    expect(await said(quota(hard))).toBe('accepted')
  })

  const policy =
    (rule: JsonObject, more: JsonObject = {}) =>
    (namespace: string) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'n', namespace },
      spec: { podSelector: {}, ingress: [rule], ...more },
    })
  const peer = (from: JsonObject) => policy({ from: [from] })
  const block = (cidr: string, ...except: string[]) => peer({ ipBlock: { cidr, except } })
  test.each<[string, (namespace: string) => KubernetesObject, string]>([
    ...['10.0.0.0/33', 'x', '10.0.0.1', '::/129'].map(
      (cidr): [string, (namespace: string) => KubernetesObject, string] => [
        `the CIDR ${cidr}`,
        block(cidr),
        `${PEER}.ipBlock.cidr: Invalid value: "${cidr}": ${NO_CIDR}`,
      ],
    ),
    ['no CIDR', block(''), `${PEER}.ipBlock.cidr: Required value`],
    [
      'an exception that is no CIDR',
      block('10.0.0.0/8', 'x'),
      `${PEER}.ipBlock.except[0]: Invalid value: "x": ${NO_CIDR}`,
    ],
    [
      'an exception elsewhere',
      block('10.0.0.0/8', '10.1.0.0/16', '11.0.0.0/16'),
      `${PEER}.ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``,
    ],
    ['an exception of all', block('10.0.0.0/8', '10.0.0.0/8'), 'must be a strict subset of `cidr`'],
    [
      'two peers in one',
      peer({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }),
      `${PEER}: Forbidden: may not specify both ipBlock and another peer`,
    ],
    ['no peer', peer({}), `${PEER}: Required value: must specify a peer`],
    ['a peer that is misspelt', peer({ ipBlok: {} }), '.spec.ingress[0].from[0].ipBlok: field not declared in schema'],
    [
      'a port that there is not',
      policy({ ports: [{ port: 70_000 }] }),
      'spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [
      'a protocol that there is not',
      policy({ ports: [{ protocol: 'FOO', port: 1 }] }),
      'spec.ingress[0].ports[0].protocol: Unsupported value: "FOO": supported values: "TCP", "UDP", "SCTP"',
    ],
    [
      'a direction that there is not',
      policy({}, { policyTypes: ['Foo'] }),
      'spec.policyTypes[0]: Unsupported value: "Foo": supported values: "Ingress", "Egress"',
    ],
  ])('a network policy with %s is refused', async (_what, object, words) => {
    expect(await said(object)).toContain(words)
  })

  test('blocks of addresses of either family are taken', async () => {
    for (const object of [
      block('10.0.0.1/8', '10.1.0.0/16'),
      block('2001:db8::/64', '2001:db8::/65'),
      block('010.0.0.0/8'),
    ])
      expect(await said(object)).toBe('accepted')
  })
}

function withContainer(object: KubernetesObject, change: JsonObject): KubernetesObject {
  const copy = structuredClone(object)
  const { template } = copy.spec as { template: { spec: { containers: JsonObject[] } } }
  Object.assign(template.spec.containers[0] ?? {}, change)
  return copy
}
