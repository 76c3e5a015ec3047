import { isIP } from 'node:net'
import { z } from 'zod'
import { labelProblem, patchProblem } from '../../clusters/spec-rules.ts'

const subnet = z.string().refine(isSubnet, { message: 'must be a subnet such as 10.244.0.0/16' })
const port = z.number().int().min(1).max(65_535)
const address = z.string().refine((text) => isIP(text) !== 0, { message: 'must be an IP address' })

const labels = z.record(z.string(), z.string()).check(({ value, issues }) => {
  for (const [key, text] of Object.entries(value)) {
    const message = labelProblem(key, text)
    if (message !== undefined) issues.push({ code: 'custom', message, path: [key], input: value })
  }
})

const patch = z.string().check(({ value, issues }) => {
  const message = patchProblem(value)
  if (message !== undefined) issues.push({ code: 'custom', message, input: value })
})

/** The name of a feature gate of Kubernetes. kind joins them with commas. */
const gate = z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,99}$/, 'must be the name of a feature gate')
const api = z.string().regex(/^[a-z0-9][a-z0-9.-]*(\/[a-z0-9]+(\/[a-z0-9]+)?)?$/, 'must be an API such as api/beta')

const MOST_LABELLED = 20

/** What the step `kind-cluster` takes. */
export const kindClusterInputs = z
  .strictObject({
    /** kind makes container and host names from it. */
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,48}[a-z0-9]$|^[a-z0-9]$/, 'must be 1 to 50 of a-z, 0-9 and -, first and last no -'),
    driver: z.enum(['kind', 'simulated']).default('kind'),
    nodeImage: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be an image reference')
      .optional(),
    controlPlanes: z.number().int().min(1).max(5).default(1),
    workers: z.number().int().min(0).max(20).default(0),
    nodeLabels: z
      .strictObject({
        all: labels.optional(),
        controlPlane: labels.optional(),
        workers: z.array(labels).max(MOST_LABELLED).optional(),
      })
      .optional(),
    podSubnet: subnet.optional(),
    serviceSubnet: subnet.optional(),
    apiServer: z.strictObject({ address: address.optional(), port: port.optional() }).optional(),
    portMappings: z
      .array(
        z.strictObject({
          containerPort: port,
          hostPort: port,
          protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP'),
          listenAddress: address.optional(),
        }),
      )
      .max(100)
      .default([]),
    featureGates: z.record(gate, z.boolean()).optional(),
    runtimeConfig: z.record(api, z.enum(['true', 'false'])).optional(),
    kubeadmPatches: z.array(patch).max(10).optional(),
    /** A cluster of this step that stands but is not well is removed and made anew, with everything on it. */
    replaceUnhealthy: z.boolean().default(false),
  })
  .refine(({ nodeLabels, workers }) => (nodeLabels?.workers?.length ?? 0) <= workers, {
    message: 'names more workers than there are',
    path: ['nodeLabels', 'workers'],
  })

export type KindClusterInputs = z.infer<typeof kindClusterInputs>

function isSubnet(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  const family = isIP(address)
  return more.length === 0 && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
}
