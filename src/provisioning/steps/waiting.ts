import type { Cluster, KindRef, KubernetesObject, ObjectRef, Selection, WatchEvent } from '../../clusters/cluster.ts'
import { ServiceError } from '../../errors.ts'
import { isPastDeadline } from './limits.ts'
import { keyOf, refOf } from './object-order.ts'

/** One watch of the port: a kind, and which of its objects. */
export interface Watched {
  kind: KindRef
  selection: Selection
  /** When it is another than the others'. */
  cluster?: Cluster
  /** The wait goes on without it: before it has listed anything, and (then called with the reason) when the server refuses it for good. */
  optional?: (refusal: string) => void
}

export type Verdict =
  | { done: true }
  | { done: false; message: string; percent?: number }
  /** It cannot become true any more. */
  | { failed: string }

/** The objects that exist, as far as the watches told. */
export interface Seen {
  get(ref: ObjectRef): KubernetesObject | undefined
  all(): KubernetesObject[]
  /** Whether that watch has told everything that there is. */
  told(watched: Watched): boolean
}

export interface WaitOptions {
  signal: AbortSignal
  /** Gives up with TIMEOUT when no watched object changed for so long. */
  silenceSeconds?: number
  /** Silence is broken by another message of the verdict alone: somebody who only repeats himself is silent. */
  newsOnly?: boolean
  progress?: (percent: number, message: string) => void
  /** Asked once when the wait fails: why it does not go on, in words. */
  explain?: (seen: Seen) => Promise<string | undefined>
}

/**
 * Waits by watching until `judge` says done, and answers what it saw then. Makes no call but the watches' own. Rejects with PROVISIONING_FAILED when `judge` says failed,
 * with TIMEOUT and what was last seen on silence and at the deadline, and with the signal's reason when anything else ended it.
 */
export async function waitFor(
  cluster: Cluster,
  watches: readonly Watched[],
  judge: (seen: Seen) => Verdict,
  options: WaitOptions,
): Promise<Seen> {
  const objects = createSeen(watches)
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  let last = 'nothing was seen yet'
  try {
    await new Promise<void>((resolve, reject) => {
      const silence = createSilence(options.silenceSeconds, (seconds) =>
        reject(new Stuck(`nothing changed for ${seconds} s; last seen: ${last}`)),
      )
      stop.signal.addEventListener('abort', silence.clear, { once: true })
      const look = (): void => {
        if (!objects.complete()) return
        const verdict = judge(objects.seen)
        if ('failed' in verdict) reject(new Failed(verdict.failed))
        else if (verdict.done) resolve()
        else {
          if (options.newsOnly && verdict.message !== last) silence.restart()
          last = verdict.message
          options.progress?.(verdict.percent ?? 0, verdict.message)
        }
      }
      const follow = async (watched: Watched, index: number): Promise<void> => {
        const source = watched.cluster ?? cluster
        try {
          for await (const event of source.watch(watched.kind, watched.selection, signal)) {
            if (objects.take(index, event) && !options.newsOnly) silence.restart()
            look()
          }
        } catch (error) {
          if (signal.aborted || !watched.optional || !(error instanceof ServiceError)) throw error
          watched.optional(error.message)
          return look()
        }
        throw new ServiceError('UNAVAILABLE', `the watch of ${watched.kind.kind} ended`, { retryable: true })
      }
      if (watches.length === 0) look()
      watches.forEach((watched, index) => {
        follow(watched, index).catch(reject)
      })
    })
    return objects.seen
  } catch (error) {
    throw await told(error, last, objects.seen, options)
  } finally {
    stop.abort()
  }
}

class Stuck extends Error {}
class Failed extends Error {}

async function told(error: unknown, last: string, seen: Seen, { signal, explain }: WaitOptions): Promise<unknown> {
  const late = isPastDeadline(signal)
  if (signal.aborted && !late) return signal.reason
  if (!late && !(error instanceof Stuck) && !(error instanceof Failed)) return error
  const message =
    error instanceof Stuck || error instanceof Failed ? error.message : `the deadline has passed; last seen: ${last}`
  const why = await explain?.(seen)
  return new ServiceError(
    error instanceof Failed ? 'PROVISIONING_FAILED' : 'TIMEOUT',
    why === undefined ? message : `${message}; ${why}`,
    { cause: late ? signal.reason : undefined },
  )
}

function createSilence(seconds: number | undefined, onSilent: (seconds: number) => void) {
  const start = (): NodeJS.Timeout | undefined =>
    seconds === undefined ? undefined : setTimeout(() => onSilent(seconds), seconds * 1000)
  let timer = start()
  const clear = (): void => clearTimeout(timer)
  return {
    clear,
    restart: () => {
      clear()
      timer = start()
    },
  }
}

/** Follows several watches. A relisting replaces what one watch knew; nothing is judged before each has ended its first listing. */
function createSeen(watched: readonly Watched[]) {
  const watches = watched.map(() => new Listing())
  const seen: Seen = {
    get: (ref) => watches.map(({ objects }) => objects.get(keyOf(ref))).find((object) => object !== undefined),
    all: () => watches.flatMap(({ objects }) => [...objects.values()]),
    told: (one) => watches[watched.indexOf(one)]?.synced ?? false,
  }
  return {
    seen,
    complete: () => watches.every(({ synced }, index) => synced || watched[index]?.optional !== undefined),
    /** True when an object changed: a relisting that finds what was known is no news. */
    take: (index: number, event: WatchEvent) => watches[index]?.take(event) ?? false,
  }
}

class Listing {
  objects = new Map<string, KubernetesObject>()
  synced = false
  private relisted: Map<string, KubernetesObject> | undefined

  take(event: WatchEvent): boolean {
    if (event.type === 'RESYNC') {
      this.relisted = new Map()
      return false
    }
    if (event.type === 'SYNCED') return this.finishListing()
    const key = keyOf(refOf(event.object))
    if (event.type === 'DELETED') {
      this.relisted?.delete(key)
      return this.objects.delete(key)
    }
    this.relisted?.set(key, event.object)
    const before = this.objects.get(key)?.metadata.resourceVersion
    this.objects.set(key, event.object)
    return before === undefined || before !== event.object.metadata.resourceVersion
  }

  private finishListing(): boolean {
    this.synced = true
    const { relisted } = this
    this.relisted = undefined
    if (relisted === undefined) return false
    const gone = [...this.objects.keys()].some((key) => !relisted.has(key))
    this.objects = relisted
    return gone
  }
}
