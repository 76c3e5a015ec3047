import { BlockList, isIP } from 'node:net'

/** What an address is that is not an ordinary one of the internet (IANA's special-purpose registries). */
export type AddressKind =
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'shared'
  | 'multicast'
  | 'unspecified'
  | 'reserved'
  | 'metadata'

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export interface AddressRange {
  address: string
  prefix: number
  family: 'ipv4' | 'ipv6'
}

const SPECIAL: [AddressKind, string[]][] = [
  ['loopback', ['127.0.0.0/8', '::1']],
  ['unspecified', ['0.0.0.0/8', '::']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['shared', ['100.64.0.0/10']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  [
    'reserved',
    [
      ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
      ...['240.0.0.0/4', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
    ],
  ],
]

/** Where clouds hand out their credentials; some of them are ordinary addresses. */
const METADATA = [
  ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  ...['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'],
]

const special = SPECIAL.map(
  ([kind, ranges]) => [kind, listOf(ranges.flatMap((range) => parseRange(range) ?? []))] as const,
)
const metadata = listOf(METADATA.flatMap((address) => parseRange(address) ?? []))
/** IPv6 that is routed in the internet. */
const globalUnicast = listOf([{ address: '2000::', prefix: 3, family: 'ipv6' }])

/** undefined for an ordinary address of the internet. IPv4 inside of IPv6 (mapped, NAT64) is judged as what it is. */
export function kindOfAddress(text: string): AddressKind | undefined {
  const { address, family } = unwrapped(text)
  if (metadata.check(address, family)) return 'metadata'
  for (const [kind, list] of special) if (list.check(address, family)) return kind
  return family === 'ipv4' || globalUnicast.check(address, family) ? undefined : 'reserved'
}

/** undefined when it is none. IPv4 inside of IPv6 is to be written as what it is. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = '', digits, ...more] = text.split('/')
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
  const longest = family === 'ipv4' ? 32 : 128
  if (isIP(address) === 0 || address.includes('%') || more.length > 0) return undefined
  if (unwrapped(address).family !== family) return undefined
  if (digits !== undefined && !/^\d{1,3}$/.test(digits)) return undefined
  const prefix = digits === undefined ? longest : Number(digits)
  return prefix <= longest ? { address, prefix, family } : undefined
}

/** Whether some range holds the address. One where a cloud hands out credentials must be named by itself: a range around it is not meant. */
export function createAllowance(ranges: readonly AddressRange[]): (address: string) => boolean {
  const all = listOf(ranges)
  const named = listOf(ranges.filter(({ prefix, family }) => prefix === (family === 'ipv4' ? 32 : 128)))
  return (text) => {
    const { address, family } = unwrapped(text)
    return (metadata.check(address, family) ? named : all).check(address, family)
  }
}

function listOf(ranges: readonly AddressRange[]): BlockList {
  const list = new BlockList()
  for (const { address, prefix, family } of ranges) list.addSubnet(address, prefix, family)
  return list
}

/** Without a zone, and IPv4 out of `::ffff:0:0/96` and `64:ff9b::/96`. */
function unwrapped(text: string): { address: string; family: 'ipv4' | 'ipv6' } {
  const [address = ''] = text.split('%')
  if (isIP(address) === 4) return { address, family: 'ipv4' }
  // The URL parser writes every spelling in one way
  const { hostname } = new URL(`http://[${address}]`)
  const [, high, low] = /^\[(?:::ffff|64:ff9b:):([0-9a-f]+):([0-9a-f]+)\]$/.exec(hostname) ?? []
  if (high === undefined || low === undefined) return { address, family: 'ipv6' }
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return { address: [a >> 8, a & 255, b >> 8, b & 255].join('.'), family: 'ipv4' }
}
