import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { ServiceError } from '../errors.ts'
import { noBody, none, type Operation, operation } from './operation.ts'
import { pathname } from './paths.ts'

/** One O2 IMS service API: its paths and the version that answers there (O2IMS 3.1.8, SOL 013 9). */
export interface VersionedApi {
  /** e.g. `/O2ims_infrastructureProvisioning` */
  root: string
  /** Roots that other clients send. */
  aliases: readonly string[]
  /** e.g. `v1` */
  major: string
  /** e.g. `1.2.0` */
  version: string
  tag: string
  /** For operationIds. */
  shortName: string
}

/** The API under which a URL stands; undefined for the front door and everything else. */
export function apiOf(apis: readonly VersionedApi[], url: string): VersionedApi | undefined {
  const path = pathname(url)
  return apis.find((api) => [api.root, ...api.aliases].some((root) => path.startsWith(`${root}/`)))
}

/** NOT_ACCEPTABLE for a version that this API does not speak. A missing header is fine: no known client sends it. */
export function checkVersion(api: VersionedApi, headers: IncomingHttpHeaders): void {
  const wanted = headers.version
  if (wanted === undefined || wanted === api.version) return
  throw new ServiceError('NOT_ACCEPTABLE', `only Version ${api.version} is answered here`)
}

const apiVersionInformation = z
  .strictObject({
    uriPrefix: z.string().meta({ format: 'uri' }),
    apiVersions: z.array(
      z.strictObject({
        version: z.string(),
        isDeprecated: z.boolean().optional(),
        retirementDate: z.string().meta({ format: 'date-time' }).optional(),
      }),
    ),
  })
  .meta({ id: 'ApiVersionInformation', description: 'SOL 013 9.3.' })

/** The two "API versions" resources of an API. */
export function versionOperations(api: VersionedApi): Operation[] {
  const describe = (path: string, operationId: string) =>
    operation({
      method: 'GET',
      path,
      operationId,
      tag: api.tag,
      summary: 'Versions of this API',
      params: none,
      query: none,
      body: noBody,
      requestHeaders: ['Version'],
      aliases: api.aliases.map((prefix) => ({ prefix, instead: api.root })),
      answers: {
        200: {
          description: 'The versions that are answered here.',
          headers: ['Version'],
          body: apiVersionInformation,
          example: {
            uriPrefix: `http://localhost:8080${api.root}/${api.major}/`,
            apiVersions: [{ version: api.version }],
          },
        },
      },
      async handle({ request }) {
        const uriPrefix = `${request.protocol}://${request.host}${api.root}/${api.major}/`
        return { status: 200, body: { uriPrefix, apiVersions: [{ version: api.version }] } }
      },
    })
  return [
    describe(`${api.root}/api_versions`, `get${api.shortName}ApiVersions`),
    describe(`${api.root}/${api.major}/api_versions`, `get${api.shortName}MajorApiVersions`),
  ]
}
