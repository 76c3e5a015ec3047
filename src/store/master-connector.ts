import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as createTlsConnection } from 'node:tls'
import { AbstractConnector, type RedisOptions } from 'ioredis'
import type { HostPort } from './host-port.ts'

const END_MS = 2000

/** Knows which of several servers has our keys now. */
export interface MasterFinder {
  /** Rejects when nobody can say. */
  find(signal: AbortSignal): Promise<HostPort>
  /** Calls back when it is another one than `master` now; returns the way to stop. */
  watch(master: HostPort, onMoved: () => void): () => void
}

/** How one gets in: the same for every server. */
export type Access = Pick<RedisOptions, 'username' | 'password' | 'db' | 'tls'>

/** Makes a plain connection of ioredis lead to the master: whenever it is lost, or given up since another one is the master now, the finder is asked again. */
export function createMasterConnector({
  finder,
  access: { tls },
  retryDelay,
}: {
  finder: MasterFinder
  access: Access
  retryDelay: (attempt: number) => number
}) {
  return class MasterConnector extends AbstractConnector {
    private ended = new AbortController()

    constructor() {
      super(END_MS)
    }

    /** A server that has just come back may not know yet that it is the master no more. */
    override check(info: { role?: string }): boolean {
      return info.role === undefined || info.role === 'master'
    }

    override disconnect(): void {
      this.ended.abort()
      super.disconnect()
    }

    /** Tries until there is a master or `disconnect` is called: ioredis gives up for good on a connector that rejects. */
    async connect(emit: (type: string, error: Error) => void) {
      this.connecting = true
      this.ended = new AbortController()
      const { signal } = this.ended
      for (let attempt = 1; ; attempt += 1) {
        try {
          const master = await finder.find(signal)
          signal.throwIfAborted()
          return this.open(master)
        } catch (error) {
          if (signal.aborted) throw new Error('Connection is closed.')
          emit('error', error instanceof Error ? error : new Error(String(error)))
          await sleep(retryDelay(attempt), undefined, { signal }).catch(() => undefined)
        }
      }
    }

    private open(master: HostPort) {
      const { host, port } = master
      const stream = tls ? createTlsConnection({ host, port, ...tls }) : createConnection({ host, port })
      this.stream = stream
      stream.once('error', (error: Error) => {
        this.firstError = error
      })
      stream.once(
        'close',
        finder.watch(master, () => this.disconnect()),
      )
      return stream
    }
  }
}
