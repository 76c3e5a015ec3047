import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  port: number
  /** Ends all connections and refuses new ones: the network is gone. */
  cut(): void
  heal(): void
  close(): Promise<void>
}

/** A loopback port that leads to another one until it is cut. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let open = true
  const server = createServer((client) => {
    if (!open) return client.destroy()
    const target = connect(targetPort, '127.0.0.1')
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  function cut(): void {
    open = false
    for (const socket of sockets) socket.destroy()
  }

  return {
    port: address.port,
    cut,
    heal() {
      open = true
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
