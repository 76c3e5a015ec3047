import { z } from 'zod'
import { complianceSchema, endpointsSchema } from './endpoint-schema.ts'
import { locationSchema, siteSchema } from './place-schema.ts'
import type { OCloudInput } from './registry-types.ts'

/** What names one Kubernetes object. */
export const objectRefSchema = z
  .strictObject({ apiVersion: z.string(), kind: z.string(), namespace: z.string().optional(), name: z.string() })
  .meta({ id: 'ObjectRef' })

export const oCloudIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, 'must be the id of an O-Cloud')

const label = z
  .string()
  .regex(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/, 'must be at most 63 of A-Z a-z 0-9 . _ -')
const labelKey = z
  .string()
  .regex(
    /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    'must be a label key as Kubernetes has them',
  )

export const oCloudNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    'must be 1 to 63 of A-Z a-z 0-9 . _ - and start and end with a letter or digit',
  )

/** POST and PUT. Which of kubeconfig and simulated may stand where is a rule of the registry and of the route. */
export const oCloudInputSchema = z
  .strictObject({
    name: oCloudNameSchema.meta({ description: 'Unique.' }),
    description: z.string().max(1024).optional(),
    location: locationSchema.optional(),
    site: siteSchema.optional(),
    labels: z.record(labelKey, label).optional(),
    endpoints: endpointsSchema.optional(),
    compliance: complianceSchema.optional(),
    kubeconfig: z
      .string()
      .min(1)
      .max(512 * 1024)
      .optional()
      .meta({ writeOnly: true, description: 'YAML or JSON with embedded credentials. Never comes back.' }),
    simulated: z
      .boolean()
      .optional()
      .meta({ description: 'True: an O-Cloud that this service plays itself. Fixed from the start.' }),
  })
  .meta({
    id: 'OCloudInput',
    description: 'Exactly one of kubeconfig and simulated: true on POST; PUT without kubeconfig keeps the stored one.',
  }) satisfies z.ZodType<OCloudInput>

/** POST: exactly one of the two. */
export const newOCloudSchema = oCloudInputSchema.superRefine((input, context) => {
  const kubeconfig = input.kubeconfig !== undefined
  const simulated = input.simulated === true
  if (!kubeconfig && !simulated)
    context.addIssue({ code: 'custom', path: ['kubeconfig'], message: 'is required, or simulated: true' })
  if (kubeconfig && simulated)
    context.addIssue({ code: 'custom', path: ['kubeconfig'], message: 'must be left out when simulated is true' })
})

const capacity = z.record(z.string(), z.string())

export const oCloudStatusSchema = z
  .strictObject({
    reachable: z.boolean(),
    message: z.string().optional().meta({ description: 'Why it is not reachable.' }),
    version: z.string().optional(),
    nodes: z.int().optional(),
    capacity: capacity.optional(),
    allocatable: capacity.optional(),
    checkedAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'OCloudStatus' })

export const oCloudSchema = z
  .strictObject({
    oCloudId: z.string(),
    name: z.string(),
    description: z.string().optional(),
    location: locationSchema.optional(),
    site: siteSchema.optional(),
    labels: z.record(z.string(), z.string()),
    endpoints: endpointsSchema.optional(),
    compliance: complianceSchema.optional(),
    simulated: z.boolean(),
    managed: z.boolean().meta({ description: 'A provisioning request made this cluster.' }),
    madeBy: z.strictObject({ provisioningRequestId: z.string(), reference: z.string(), step: z.string() }).optional(),
    createdAt: z.string().meta({ format: 'date-time' }),
    status: oCloudStatusSchema,
  })
  .meta({ id: 'OCloud', description: 'A registered O-Cloud: one deployment manager of this service.' })
