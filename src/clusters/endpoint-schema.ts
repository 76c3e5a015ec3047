import { z } from 'zod'

const PROTOCOLS = ['https', 'http', 'grpc', 'grpcs', 'tcp', 'udp', 'ws', 'wss'] as const

/** Where something of an O-Cloud answers. For readers and other systems; this service itself goes by the kubeconfig. */
export const endpointSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
        'must be 1 to 63 of a-z 0-9 - and start and end with a letter or digit',
      ),
    url: z.string().max(2048),
    protocol: z.enum(PROTOCOLS),
  })
  .superRefine(({ url, protocol }, context) => {
    const wrong = faultOf(url, protocol)
    if (wrong !== undefined) context.addIssue({ code: 'custom', path: ['url'], message: wrong })
  })
  .meta({ id: 'OCloudEndpoint' })

/** What the URL cannot be; its content is not repeated, for it may hold a password. */
function faultOf(text: string, protocol: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '') return 'must be a URL such as https://192.0.2.10:6443'
  if (url.username !== '' || url.password !== '') return 'must hold no user and no password'
  return url.protocol === `${protocol}:` ? undefined : `must start with ${protocol}://, as the protocol says`
}

export const endpointsSchema = z
  .array(endpointSchema)
  .max(50)
  .superRefine((endpoints, context) => {
    const names = endpoints.map(({ name }) => name)
    const again = names.findIndex((name, index) => names.indexOf(name) < index)
    if (again >= 0)
      context.addIssue({ code: 'custom', path: [again, 'name'], message: 'is the name of another endpoint' })
  })
  .meta({ description: 'Where its parts answer, e.g. API server and metrics. Told in answers and reports.' })

export const complianceSchema = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be 1 to 63 of A-Z a-z 0-9 . _ -'),
    z.string().min(1).max(256),
  )
  .meta({
    description:
      'What it complies with, as its operator says: standard and version. Told in answers and reports, not checked.',
  })

export type OCloudEndpoint = z.output<typeof endpointSchema>
