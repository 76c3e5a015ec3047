import { at, isObject } from '../../fields.ts'
import { formatQuantity, isQuantity, parseQuantity } from '../../quantity.ts'

const NO_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** The amounts at that place, by resource; those that are no quantities are left out. */
export function amountsAt(value: unknown, ...path: string[]): [resource: string, amount: string][] {
  const found = at(value, ...path)
  return Object.entries(isObject(found) ? found : {}).flatMap(([resource, amount]) =>
    isAmount(amount) ? [[resource, String(amount)]] : [],
  )
}

/** What the server says when it reads an object with amounts that are none, before it judges anything else; undefined when all are. */
export function unreadableAmount(maps: readonly unknown[]): string | undefined {
  const amounts = maps.flatMap((map) => Object.values(isObject(map) ? map : {}))
  return amounts.every(isAmount) ? undefined : NO_QUANTITY
}

const isAmount = (amount: unknown): amount is string | number =>
  (typeof amount === 'string' || typeof amount === 'number') && isQuantity(String(amount))

/** As the server prints it: in its shortest form. */
export const canonical = (amount: string): string => formatQuantity(parseQuantity(amount), amount.endsWith('i'))

export const isNegative = (amount: string): boolean => parseQuantity(amount) < 0n
export const NEGATIVE = 'must be greater than or equal to 0'
/** What a resource may be called that Kubernetes does not know itself. */
export const QUALIFIED = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
export const UNKNOWN_RESOURCE = 'must be a standard resource type or fully qualified'
