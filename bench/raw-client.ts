import { once } from 'node:events'
import { connect } from 'node:net'

/** One kept connection that asks and waits for the answer: so little work that the server is what is measured. Answers need a Content-Length. */
export interface RawClient {
  /** The status of the answer, once its body is there. */
  ask(request: Buffer): Promise<number>
  close(): void
}

/** The whole request, ready to be sent. */
export function rawRequest(url: string, method = 'GET', body?: string): Buffer {
  const { host, pathname, search } = new URL(url)
  const sent =
    body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]
  return Buffer.from([`${method} ${pathname}${search} HTTP/1.1`, `Host: ${host}`, ...sent, '', body ?? ''].join('\r\n'))
}

export async function openRawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).setNoDelay()
  await once(socket, 'connect')
  let waiting = Promise.withResolvers<number>()
  let head = ''
  let left: number | undefined
  socket.on('data', (chunk) => {
    if (left === undefined) {
      head += chunk.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? '0'
      left = Number(length) - (head.length - end - 4)
    } else left -= chunk.length
    if (left > 0) return
    const status = Number(head.slice(9, 12))
    head = ''
    left = undefined
    waiting.resolve(status)
  })
  socket.on('error', (error) => waiting.reject(error))
  socket.on('close', () => waiting.reject(new Error(`${url} closed the connection`)))
  return {
    ask(request) {
      waiting = Promise.withResolvers()
      socket.write(request)
      return waiting.promise
    },
    close() {
      socket.removeAllListeners('close')
      socket.destroy()
    },
  }
}
