import { z } from 'zod'
import { ServiceError } from '../errors.ts'
import { type Alias, noBody, none, type Operation, operation } from './operation.ts'

const VERSIONS = '/api_versions'

/** One O2 IMS service API: its paths and the version that answers there (O2IMS 3.1.8, SOL 013 9). */
export interface VersionedApi {
  /** e.g. `/O2ims_infrastructureProvisioning` */
  root: string
  /** Roots that other clients send. */
  aliases: readonly string[]
  /** e.g. `v1` */
  major: string
  /** Majors that clients send after an alias although they mean this API. */
  aliasMajors?: readonly string[]
  /** e.g. `1.2.0` */
  version: string
  tag: string
  /** For operationIds. */
  shortName: string
}

/** For operations below `<root>/<major>`: the prefixes under which other clients look for them. */
export function aliasesOf({ root, aliases, major, aliasMajors = [] }: VersionedApi): Alias[] {
  const majors = [major, ...aliasMajors]
  return aliases.flatMap((alias) =>
    majors.map((other) => ({ prefix: `${alias}/${other}`, instead: `${root}/${major}` })),
  )
}

/** Finds the API under which a path stands; undefined for the front door and everything else. */
export function apiLookup(apis: readonly VersionedApi[]): (path: string) => VersionedApi | undefined {
  const roots = apis.flatMap((api) => [api.root, ...api.aliases].map((root) => ({ root: `${root}/`, api })))
  return (path) => roots.find(({ root }) => path.startsWith(root))?.api
}

/**
 * NOT_ACCEPTABLE for a version that this API does not speak. A missing header is fine, for no known client sends it, unless `strict` (SOL 013 9.4):
 * then it is INVALID_ARGS. Where a client learns what to send, whatever it sends is fine.
 */
export function checkVersion(api: VersionedApi, path: string, wanted: unknown, strict: boolean): void {
  if (wanted === api.version || path.endsWith(VERSIONS)) return
  if (wanted !== undefined) throw new ServiceError('NOT_ACCEPTABLE', `only Version ${api.version} is answered here`)
  if (strict) throw new ServiceError('INVALID_ARGS', `the header Version is missing: send "Version: ${api.version}"`)
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

/** The two "API versions" resources of an API. `apiRoot`: where others reach this service; what they asked for when absent. */
export function versionOperations(api: VersionedApi, apiRoot?: string): Operation[] {
  const describe = (path: string, operationId: string, aliases: Alias[]) =>
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
      aliases,
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
        const origin = apiRoot ?? `${request.protocol}://${request.host}`
        const uriPrefix = `${origin}${api.root}/${api.major}/`
        return { status: 200, body: { uriPrefix, apiVersions: [{ version: api.version }] } }
      },
    })
  return [
    describe(
      `${api.root}${VERSIONS}`,
      `get${api.shortName}ApiVersions`,
      api.aliases.map((prefix) => ({ prefix, instead: api.root })),
    ),
    describe(`${api.root}/${api.major}${VERSIONS}`, `get${api.shortName}MajorApiVersions`, aliasesOf(api)),
  ]
}
