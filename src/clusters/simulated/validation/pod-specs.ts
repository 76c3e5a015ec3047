import { at, listAt, numberAt, stringAt } from '../../fields.ts'
import { compareQuantities } from '../../quantity.ts'
import { amountsAt, canonical, isNegative, NEGATIVE, QUALIFIED, UNKNOWN_RESOURCE } from './quantities.ts'

/** Where the spec of a kind's pods stands. */
const POD_SPECS: Record<string, string[]> = {
  '/Pod': ['spec'],
  'apps/Deployment': ['spec', 'template', 'spec'],
  'apps/StatefulSet': ['spec', 'template', 'spec'],
  'apps/DaemonSet': ['spec', 'template', 'spec'],
  'apps/ReplicaSet': ['spec', 'template', 'spec'],
  'batch/Job': ['spec', 'template', 'spec'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
}

/** What the server finds wrong with the containers of an object's pods, each with its place. */
export function podFaults(kindKey: string, object: unknown): string[] {
  const place = podSpecOf(kindKey)
  if (place === undefined) return []
  const spec = at(object, ...place)
  const path = place.join('.')
  if (listAt(spec, 'containers').length === 0) return [`${path}.containers: Required value`]
  return containerLists(spec).flatMap(([list, containers]) =>
    containers.flatMap((container, index) => containerFaults(container, `${path}.${list}[${index}]`)),
  )
}

/** Everything in which the containers of an object's pods name amounts. */
export function amountsOfPods(kindKey: string, object: unknown): unknown[] {
  const place = podSpecOf(kindKey)
  const lists = place === undefined ? [] : containerLists(at(object, ...place))
  return lists.flatMap(([, containers]) =>
    containers.flatMap((container) => [at(container, 'resources', 'requests'), at(container, 'resources', 'limits')]),
  )
}

const podSpecOf = (kindKey: string): string[] | undefined =>
  Object.hasOwn(POD_SPECS, kindKey) ? POD_SPECS[kindKey] : undefined

const containerLists = (spec: unknown): [string, unknown[]][] =>
  ['initContainers', 'containers'].map((list) => [list, listAt(spec, list)])

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']

function containerFaults(container: unknown, path: string): string[] {
  const name = stringAt(container, 'name') ?? ''
  const policy = stringAt(container, 'imagePullPolicy')
  return [
    ...(name === '' ? [`${path}.name: Required value`] : []),
    ...(name === '' || LABEL.test(name)
      ? []
      : [
          `${path}.name: Invalid value: "${name}": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character`,
        ]),
    ...((stringAt(container, 'image') ?? '') === '' ? [`${path}.image: Required value`] : []),
    ...(policy === undefined || PULL_POLICIES.includes(policy)
      ? []
      : [
          `${path}.imagePullPolicy: Unsupported value: "${policy}": supported values: ${PULL_POLICIES.map((one) => `"${one}"`).join(', ')}`,
        ]),
    ...listAt(container, 'ports').flatMap((port, index) => portFault(port, `${path}.ports[${index}].containerPort`)),
    ...resourceFaults(container, `${path}.resources`),
  ]
}

function portFault(port: unknown, path: string): string[] {
  const number = numberAt(port, 'containerPort')
  if (number === undefined) return [`${path}: Required value`]
  return isPort(number) ? [] : [`${path}: Invalid value: ${number}: must be between 1 and 65535, inclusive`]
}

export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535

const OF_CONTAINERS = ['cpu', 'memory', 'ephemeral-storage']

function resourceFaults(container: unknown, path: string): string[] {
  const limits = new Map(amountsAt(container, 'resources', 'limits'))
  const requests = amountsAt(container, 'resources', 'requests')
  return [
    ...[...limits].flatMap(([resource, amount]) => amountFaults(resource, amount, `${path}.limits[${resource}]`)),
    ...requests.flatMap(([resource, amount]) => [
      ...amountFaults(resource, amount, `${path}.requests[${resource}]`),
      ...limitFaults(resource, amount, limits.get(resource), path),
    ]),
  ]
}

function amountFaults(resource: string, amount: string, path: string): string[] {
  const known = OF_CONTAINERS.includes(resource) || resource.startsWith('hugepages-') || QUALIFIED.test(resource)
  return [
    ...(known
      ? []
      : [UNKNOWN_RESOURCE, 'must be a standard resource for containers'].map(
          (why) => `${path}: Invalid value: ${resource}: ${why}`,
        )),
    ...(isNegative(amount) ? [`${path}: Invalid value: "${canonical(amount)}": ${NEGATIVE}`] : []),
  ]
}

/** Of a device or of huge pages nobody gets more than he asks for. */
function limitFaults(resource: string, request: string, limit: string | undefined, path: string): string[] {
  const exact = !OF_CONTAINERS.includes(resource)
  if (limit === undefined)
    return exact && resource.includes('/')
      ? [`${path}.limits: Required value: Limit must be set for non overcommitable resources`]
      : []
  const difference = compareQuantities(request, limit)
  const wrong = `${path}.requests: Invalid value: "${canonical(request)}": must be`
  if (exact && difference !== 0) return [`${wrong} equal to ${resource} limit of ${canonical(limit)}`]
  return difference > 0 ? [`${wrong} less than or equal to ${resource} limit of ${canonical(limit)}`] : []
}
