// The baseline: a bare Fastify route that answers the bytes of the file BYTES. Prints its port.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'

const bytes = readFileSync(process.env.BYTES ?? '')
const app = Fastify()
app.get('/', (_request, reply) => reply.type('application/json').send(bytes))
await app.listen({ port: 0, host: '127.0.0.1' })
const address = app.server.address()
process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
