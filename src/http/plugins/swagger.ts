import type { StaticDocumentSpec } from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import { ServiceError } from '../../errors.ts'
import { once } from '../../once.ts'

/** Swagger UI draws with inline styles; everything else comes from this service alone. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40" height="40"><text x="4" y="29" font-family="sans-serif" font-size="28" font-weight="bold" fill="#fff">o2ims</text></svg>'

const PREFIX = '/docs'

/**
 * Swagger UI at `/docs`, from files of the package: nothing is loaded from elsewhere. It is an application of its own, made when
 * somebody first looks: most processes never show it.
 */
export function installDocs(app: FastifyInstance, document: () => object): void {
  const shown = once(() => createDocs(document()))
  for (const url of [PREFIX, `${PREFIX}/*`])
    app.get(url, async (request, reply) => {
      const docs = await shown()
      const answer = await docs.inject({ method: 'GET', url: request.url, headers: request.headers })
      if (answer.statusCode === 404) throw new ServiceError('NOT_FOUND', 'there is nothing at this path')
      const { connection, date, ...headers } = answer.headers
      reply.code(answer.statusCode).headers(headers)
      return reply.send(answer.rawPayload.length > 0 ? answer.rawPayload : undefined)
    })
}

async function createDocs(document: object): Promise<FastifyInstance> {
  if (!isOpenApi(document)) throw new TypeError('this is no OpenAPI document')
  const { default: swagger } = await import('@fastify/swagger')
  const { default: swaggerUi } = await import('@fastify/swagger-ui')
  const docs = Fastify({ routerOptions: { ignoreTrailingSlash: true } })
  await docs.register(swagger, { mode: 'static', specification: { document } })
  await docs.register(swaggerUi, {
    routePrefix: PREFIX,
    staticCSP: CSP,
    theme: { title: 'o2ims' },
    logo: { type: 'image/svg+xml', content: LOGO },
    uiConfig: {
      deepLinking: true,
      displayRequestDuration: true,
      docExpansion: 'list',
      validatorUrl: null,
    },
  })
  return docs
}

function isOpenApi(document: object): document is StaticDocumentSpec['document'] {
  return 'openapi' in document && 'info' in document && 'paths' in document
}
