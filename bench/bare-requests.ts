// The baseline of POST and GET one: Fastify that checks the body by its schema, makes a UUID and keeps the JSON with SET NX on the Redis of REDIS_URL; GET sends the bytes. Prints its port.
import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? '')
const app = Fastify()
const text = { type: 'string', minLength: 1 }
const body = {
  type: 'object',
  additionalProperties: false,
  required: ['provisioningRequestId', 'name', 'description', 'templateName', 'templateVersion'],
  properties: {
    provisioningRequestId: { ...text, pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' },
    name: { ...text, maxLength: 256 },
    description: { type: 'string', maxLength: 4096 },
    templateName: { ...text, maxLength: 128 },
    templateVersion: { ...text, maxLength: 64 },
    templateParameters: { type: 'object' },
  },
}

app.post<{ Body: { provisioningRequestId: string } }>('/', { schema: { body } }, async (request, reply) => {
  const { provisioningRequestId } = request.body
  const kept = JSON.stringify({
    provisioningRequestData: request.body,
    provisioningRequestReference: randomUUID(),
    status: { updateTime: new Date().toISOString(), message: 'waiting for a worker', provisioningPhase: 'PENDING' },
  })
  const made = await redis.set(`bare:${provisioningRequestId}`, kept, 'NX')
  return reply
    .code(made ? 201 : 409)
    .header('location', `/${provisioningRequestId}`)
    .type('application/json')
    .send(kept)
})

app.get<{ Params: { id: string } }>('/:id', async ({ params }, reply) => {
  const kept = await redis.getBuffer(`bare:${params.id}`)
  return kept ? reply.type('application/json').send(kept) : reply.code(404).send()
})

await app.listen({ port: 0, host: '127.0.0.1' })
const address = app.server.address()
process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
