import swagger, { type StaticDocumentSpec } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

/** Swagger UI draws with inline styles; everything else comes from this service alone. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40" height="40"><text x="4" y="29" font-family="sans-serif" font-size="28" font-weight="bold" fill="#fff">o2ims</text></svg>'

/** Swagger UI at `/docs`, from files of the package: nothing is loaded from elsewhere. */
export async function registerSwagger(app: FastifyInstance, document: object): Promise<void> {
  if (!isOpenApi(document)) throw new TypeError('this is no OpenAPI document')
  await app.register(swagger, { mode: 'static', specification: { document } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
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
}

function isOpenApi(document: object): document is StaticDocumentSpec['document'] {
  return 'openapi' in document && 'info' in document && 'paths' in document
}
