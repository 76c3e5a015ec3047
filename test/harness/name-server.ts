import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** A name server on loopback. */
export interface NameServer {
  /** `address:port`. */
  server: string
  /** Each question that came in, in order. */
  asked: string[]
  close(): Promise<void>
}

const HEADER = 12
const TYPE_A = 1
const FLAGS: Record<string, number> = { unknown: 0x8183, failure: 0x8182 }

/** `answer`: the IPv4 address of a name, `unknown` for a name that is not (NXDOMAIN), `failure` (SERVFAIL), or `silence`. */
export async function startNameServer(answer: (name: string) => string): Promise<NameServer> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = questionOf(query)
    asked.push(name)
    const said = answer(name)
    if (said !== 'silence') socket.send(reply(query.subarray(0, end), type, said), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    server: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

/** RFC 1035 4.1.2. */
function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = HEADER
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** The question and, to one for an IPv4 address, its answer (RFC 1035 4.1). */
function reply(question: Buffer, type: number, said: string): Buffer {
  const message = Buffer.from(question)
  const flags = FLAGS[said] ?? 0x8180
  const records = flags === 0x8180 && type === TYPE_A ? 1 : 0
  message.writeUInt16BE(flags, 2)
  for (const [index, count] of [1, records, 0, 0].entries()) message.writeUInt16BE(count, 4 + 2 * index)
  if (records === 0) return message
  const record = Buffer.from([0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...said.split('.').map(Number)])
  return Buffer.concat([message, record])
}
