import { BlockList, isIP } from 'node:net'
import { at, listAt, numberAt, stringAt } from '../../fields.ts'
import { isPort } from './pod-specs.ts'

const DIRECTIONS = [
  ['ingress', 'from'],
  ['egress', 'to'],
] as const
const TYPES = ['Ingress', 'Egress']
const PROTOCOLS = ['TCP', 'UDP', 'SCTP']

/** What the server finds wrong with the rules of a NetworkPolicy, each with its place. */
export function networkPolicyFaults(object: unknown): string[] {
  const spec = at(object, 'spec')
  return [
    ...listAt(spec, 'policyTypes').flatMap((type, index) => unsupported(type, TYPES, `spec.policyTypes[${index}]`)),
    ...DIRECTIONS.flatMap(([direction, peers]) =>
      listAt(spec, direction).flatMap((rule, index) => {
        const path = `spec.${direction}[${index}]`
        return [
          ...listAt(rule, 'ports').flatMap((port, at) => portFaults(port, `${path}.ports[${at}]`)),
          ...listAt(rule, peers).flatMap((peer, at) => peerFaults(peer, `${path}.${peers}[${at}]`)),
        ]
      }),
    ),
  ]
}

function portFaults(port: unknown, path: string): string[] {
  const number = numberAt(port, 'port')
  const protocol = at(port, 'protocol')
  return [
    ...(number === undefined || isPort(number)
      ? []
      : [`${path}.port: Invalid value: ${number}: must be between 1 and 65535, inclusive`]),
    ...(protocol === undefined ? [] : unsupported(protocol, PROTOCOLS, `${path}.protocol`)),
  ]
}

function unsupported(value: unknown, supported: readonly string[], path: string): string[] {
  if (typeof value === 'string' && supported.includes(value)) return []
  return [`${path}: Unsupported value: "${value}": supported values: ${supported.map((one) => `"${one}"`).join(', ')}`]
}

function peerFaults(peer: unknown, path: string): string[] {
  const block = at(peer, 'ipBlock')
  const selects = ['podSelector', 'namespaceSelector'].some((selector) => at(peer, selector) !== undefined)
  if (block === undefined) return selects ? [] : [`${path}: Required value: must specify a peer`]
  if (selects) return [`${path}: Forbidden: may not specify both ipBlock and another peer`]
  return blockFaults(block, `${path}.ipBlock`)
}

function blockFaults(block: unknown, path: string): string[] {
  const text = stringAt(block, 'cidr') ?? ''
  if (text === '') return [`${path}.cidr: Required value`]
  const cidr = parseCidr(text)
  if (cidr === undefined) return [noCidr(text, `${path}.cidr`)]
  return listAt(block, 'except').flatMap((one, index) => {
    const inner = parseCidr(String(one))
    const at = `${path}.except[${index}]`
    if (inner === undefined) return [noCidr(String(one), at)]
    return isWithin(inner, cidr) ? [] : [`${at}: Invalid value: "${one}": must be a strict subset of \`cidr\``]
  })
}

const noCidr = (text: string, path: string): string =>
  `${path}: Invalid value: "${text}": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`

interface Cidr {
  address: string
  prefix: number
  family: 'ipv4' | 'ipv6'
}

/** Like Kubernetes with bits beyond the prefix, and with zeros before the digits of an IPv4 address. */
function parseCidr(text: string): Cidr | undefined {
  const [, given = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const address = given.includes(':') ? given : given.replaceAll(/(^|\.)0+(?=\d)/g, '$1')
  const version = isIP(address)
  const prefix = Number(digits)
  if (version === 0 || prefix > (version === 4 ? 32 : 128)) return undefined
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

function isWithin(inner: Cidr, outer: Cidr): boolean {
  if (inner.family !== outer.family || inner.prefix <= outer.prefix) return false
  const addresses = new BlockList()
  addresses.addSubnet(outer.address, outer.prefix, outer.family)
  return addresses.check(inner.address, inner.family)
}
