import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../../errors.ts'
import type { EventStreams } from '../event-stream.ts'

/** Answers that are under way when the service stops get this long. */
const GRACE_MS = 2000

/** A stop ends event streams at once, refuses what comes in late, and cuts what does not end by itself. */
export function installShutdown(app: FastifyInstance, streams: EventStreams | undefined): void {
  let stopping = false
  app.addHook('preClose', async () => {
    stopping = true
    streams?.close()
    setTimeout(() => app.server.closeAllConnections(), GRACE_MS).unref()
  })
  app.addHook('onRequest', (_request, reply, done) => {
    if (!stopping) return done()
    reply.header('connection', 'close')
    throw new ServiceError('UNAVAILABLE', 'the service stops', { retryAfter: 2 })
  })
}
