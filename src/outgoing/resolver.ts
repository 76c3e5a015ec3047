import type { LookupAddress } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { hostsNamed } from './hosts-file.ts'

/** The addresses of a name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>

/** Names that are looked up at one time; more fail at once and are tried again like any failure. */
const MOST_AT_ONCE = 1000
/** As the system does it, in a thread that this whole process has two of. */
const MOST_BY_SYSTEM = 8
/** 2 s and then 4 s for each name server. */
const PATIENCE = { timeout: 2000, tries: 2 }

export interface ResolverParts {
  /** `address:port` of each name server; those of the system when absent. */
  servers?: readonly string[]
  hostsFile?: string
  bySystem?: Resolve
}

/**
 * Looks names up in the hosts file, then by questions to the name servers that occupy no thread, so that those that are never answered hold up nobody else. Only where they
 * do not have it the system is asked, for it knows more (search domains, other sources). One lookup at a time for each name, shared by all who wait.
 * Rejects with ENOTFOUND, or with EAI_AGAIN when nobody can tell at this moment.
 */
export function createResolver({
  servers,
  hostsFile = '/etc/hosts',
  bySystem = (hostname) => lookup(hostname, { all: true }),
}: ResolverParts = {}): Resolve {
  const askSystem = oneForEach(MOST_BY_SYSTEM, bySystem)

  return oneForEach(MOST_AT_ONCE, async (hostname) => {
    const known = await hostsNamed(hostname, hostsFile)
    if (known.length > 0) return known
    // A new one each time: it knows the name servers of this moment.
    const resolver = new Resolver(PATIENCE)
    if (servers) resolver.setServers(servers)
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const found = [...addressesOf(v4, 4), ...addressesOf(v6, 6)]
    if (found.length > 0) return found
    if ([v4, v6].some((answer) => answer.status === 'rejected' && isSilence(answer.reason, hostname)))
      throw tryAgain(hostname)
    return askSystem(hostname)
  })
}

function addressesOf(answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []
}

/** A server that waits in vain for another one answers SERVFAIL, some also to a name without a dot, which the system completes. */
function isSilence({ code }: NodeJS.ErrnoException, hostname: string): boolean {
  return code === 'ETIMEOUT' || (code === 'ESERVFAIL' && hostname.includes('.'))
}

function tryAgain(hostname: string): Error {
  return Object.assign(new Error(`${hostname} cannot be looked up at this moment`), { code: 'EAI_AGAIN' })
}

/** Who asks for what is being asked already gets that answer. */
function oneForEach(most: number, resolve: Resolve): Resolve {
  const underWay = new Map<string, Promise<LookupAddress[]>>()
  return async (hostname) => {
    const same = underWay.get(hostname)
    if (same) return same
    if (underWay.size >= most) throw tryAgain(hostname)
    const answer = resolve(hostname).finally(() => underWay.delete(hostname))
    underWay.set(hostname, answer)
    return answer
  }
}
