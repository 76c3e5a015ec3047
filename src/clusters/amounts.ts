import { ServiceError } from '../errors.ts'
import { at, isObject, listAt, stringAt } from './fields.ts'
import { type Billionths, parseQuantity } from './quantity.ts'

/** Amounts by resource; `pods` counts like any other. */
export type Amounts = Record<string, Billionths>

const ONE_POD: Billionths = 1_000_000_000n

/** What a pod keeps of its node, by the scheduler's rule: its containers together, or the init container that asks for most at its turn (beside the sidecars before it); a limit counts where there is no request. */
export function requestsOf(podSpec: unknown): Amounts {
  return plus({ ...totalOf(podSpec, wanted), pods: ONE_POD }, amountsOf(at(podSpec, 'overhead')))
}

/** What a pod may take at most, as far as its containers say. */
export function limitsOf(podSpec: unknown): Amounts {
  return totalOf(podSpec, (container) => amountsOf(at(container, 'resources', 'limits')))
}

/** A resource list of Kubernetes; what cannot be read counts nothing. */
export function amountsOf(value: unknown): Amounts {
  const amounts: Amounts = {}
  for (const [resource, quantity] of Object.entries(isObject(value) ? value : {})) {
    const amount = amountOf(String(quantity))
    if (amount !== undefined) amounts[resource] = amount
  }
  return amounts
}

/** Adds the second to the first, which is changed. */
export function plus(sum: Amounts, amounts: Amounts): Amounts {
  for (const [resource, amount] of Object.entries(amounts)) sum[resource] = (sum[resource] ?? 0n) + amount
  return sum
}

/** Takes the second from the first, which is changed. */
export function minus(sum: Amounts, amounts: Amounts): Amounts {
  for (const [resource, amount] of Object.entries(amounts)) sum[resource] = (sum[resource] ?? 0n) - amount
  return sum
}

function totalOf(podSpec: unknown, amounts: (container: unknown) => Amounts): Amounts {
  const running: Amounts = {}
  const highest: Amounts = {}
  for (const container of listAt(podSpec, 'initContainers')) {
    const own = amounts(container)
    raise(highest, plus({ ...running }, own))
    if (stringAt(container, 'restartPolicy') === 'Always') plus(running, own)
  }
  for (const container of listAt(podSpec, 'containers')) plus(running, amounts(container))
  return raise(highest, running)
}

function raise(highest: Amounts, amounts: Amounts): Amounts {
  for (const [resource, amount] of Object.entries(amounts)) {
    if (amount > (highest[resource] ?? 0n)) highest[resource] = amount
  }
  return highest
}

function wanted(container: unknown): Amounts {
  return { ...amountsOf(at(container, 'resources', 'limits')), ...amountsOf(at(container, 'resources', 'requests')) }
}

function amountOf(quantity: string): Billionths | undefined {
  try {
    return parseQuantity(quantity)
  } catch (error) {
    if (error instanceof ServiceError) return undefined
    throw error
  }
}
