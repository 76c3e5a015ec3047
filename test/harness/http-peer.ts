import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'

/** Another party on loopback that this service calls: a subscriber, an SMO, a token server. */
export interface HttpPeer {
  /** Without a slash at the end. */
  url: string
  port: number
  /** Every request that came in, in order. */
  requests: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[]
  /** How many connections were opened to it. */
  connections(): number
  close(): Promise<void>
}

export interface PeerOptions {
  tls?: ServerOptions
  host?: string
  port?: number
}

/** `answer` is called once the whole request is there; it may answer as badly as it likes. */
export async function startPeer(
  answer: (response: ServerResponse, index: number) => void = (response) => response.writeHead(204).end(),
  { tls, ...options }: PeerOptions = {},
): Promise<HttpPeer> {
  const requests: HttpPeer['requests'] = []
  const listener: RequestListener = async (request, response) => {
    const { method = '', url: path = '', headers } = request
    requests.push({ method, path, headers, body: await text(request) })
    answer(response, requests.length - 1)
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  return { ...(await listen(server, tls ? 'https' : 'http', options)), requests }
}

/** One that need not speak HTTP: `greet` gets each connection. */
export async function startTcpPeer(greet: (socket: Socket) => void): Promise<HttpPeer> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy())
    greet(socket)
  })
  return { ...(await listen(server, 'http', {})), requests: [] }
}

async function listen(server: Server, scheme: string, { host = '127.0.0.1', port = 0 }: PeerOptions) {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `${scheme}://${host}:${taken}`,
    port: taken,
    connections: () => connections,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
