// The baseline of event streams: Fastify that reads the feed on the Redis of REDIS_URL and passes on to every client what is of the topic TOPIC. Prints its port.
import type { ServerResponse } from 'node:http'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { KEYS } from '../src/store/keys.ts'

const redis = new Redis(process.env.REDIS_URL ?? '', { protocol: 2 })
const clients = new Set<ServerResponse>()
const app = Fastify()
app.get('/', (_request, reply) => {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  clients.add(reply.raw)
  reply.raw.on('close', () => clients.delete(reply.raw))
})
await app.listen({ port: 0, host: '127.0.0.1' })
const address = app.server.address()
process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)

for (let position = '$'; ; ) {
  const answer = await redis.xread('COUNT', 500, 'BLOCK', 1000, 'STREAMS', KEYS.feed, position)
  for (const [id, [, topic, , event, , data]] of answer?.[0]?.[1] ?? []) {
    position = id
    if (topic !== process.env.TOPIC) continue
    for (const client of clients) client.write(`id: ${id}\nevent: ${event}\ndata: ${data}\n\n`)
  }
}
