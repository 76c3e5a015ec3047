import { z } from 'zod'
import { isQuantity } from '../../clusters/quantity.ts'

/** Where a reference stands, the value is known with the parameters. */
const holdsReference = (text: string): boolean => text.includes('{{')

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/
const LABEL_KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/

const labelKey = z.string().regex(LABEL_KEY, 'must be a label key as Kubernetes has them')
const labelValue = z.string().refine((text) => holdsReference(text) || LABEL_VALUE.test(text), {
  error: 'must be at most 63 of A-Z a-z 0-9 . _ -',
})

const quantity = z
  .union([z.string(), z.number().nonnegative()])
  .refine((value) => holdsReference(String(value)) || isQuantity(String(value)), {
    error: 'must be a quantity such as 500m, 4 or 16Gi',
  })

const expression = z
  .strictObject({
    key: labelKey,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(labelValue).min(1).max(100).optional(),
  })
  .superRefine(({ operator, values }, context) => {
    const takesValues = operator === 'In' || operator === 'NotIn'
    if (takesValues && values === undefined)
      context.addIssue({ code: 'custom', path: ['values'], message: `is required with ${operator}` })
    if (!takesValues && values !== undefined)
      context.addIssue({ code: 'custom', path: ['values'], message: `must be left out with ${operator}` })
  })

const selector = z.strictObject({
  matchLabels: z.record(labelKey, labelValue).optional(),
  matchExpressions: z.array(expression).max(50).optional(),
})

/** Over the labels of the registered O-Clouds: constants, for the O-Cloud is chosen before anything else is known. */
export const targetSelectorSchema = selector
  .refine(
    ({ matchLabels = {}, matchExpressions = [] }) => Object.keys(matchLabels).length + matchExpressions.length > 0,
    {
      error: 'must name at least one label',
    },
  )
  .refine((given) => !holdsReference(JSON.stringify(given)), {
    error: 'takes no reference: the O-Cloud is chosen before the parameters are complete',
  })
  .meta({
    id: 'TargetSelector',
    description: 'Which O-Clouds a request may name, by their labels, as Kubernetes selects.',
  })

export const quotaSchema = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9./_-]{0,252}$/, 'must be a resource as a ResourceQuota names it'),
    quantity,
  )
  .refine((hard) => Object.keys(hard).length > 0, { error: 'must name at least one resource' })
  .meta({ id: 'Quota', description: '`hard` of a ResourceQuota in the namespace, e.g. `requests.cpu: 20`.' })

const keyOf = z.strictObject({ name: z.string().min(1).max(253), key: z.string().min(1).max(253) })

const environment = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,253}$/, 'must be a name of A-Z a-z 0-9 _'),
  value: z.string().max(32_768).optional(),
  valueFrom: z
    .union([z.strictObject({ secretKeyRef: keyOf }), z.strictObject({ configMapKeyRef: keyOf })])
    .optional()
    .meta({ description: 'A key of a Secret or ConfigMap in the namespace.' }),
})

const amounts = z.record(z.string().min(1).max(253), quantity)

/** A Job from a named image on the target. */
export const hookSchema = z
  .strictObject({
    name: z.string().max(40).regex(DNS_LABEL, 'must be 1 to 40 of a-z 0-9 - and start and end with a letter or digit'),
    image: z.string().min(1).max(500),
    command: z.array(z.string()).min(1).max(100).optional(),
    args: z.array(z.string()).max(100).optional(),
    env: z.array(environment).max(100).optional(),
    resources: z.strictObject({ requests: amounts.optional(), limits: amounts.optional() }).optional().meta({
      description: 'Absent: 50m CPU and 64Mi are requested, 500m and 256Mi are the limits.',
    }),
    timeoutSeconds: z.int().min(1).max(3600),
  })
  .meta({ id: 'Hook', description: 'A Job that has to succeed within its time limit. It is removed then.' })

const hookList = z.array(hookSchema).min(1).max(10).optional()

export const hooksSchema = z
  .strictObject({
    preProvision: hookList.meta({ description: 'Before the workload.' }),
    postProvision: hookList.meta({ description: 'When the workload stands.' }),
    preTerminate: hookList.meta({
      description: 'Before a DELETE, or a PUT that moves it to another O-Cloud, removes what was made.',
    }),
  })
  .meta({ id: 'Hooks' })

const peer = z.strictObject({
  podSelector: selector.optional(),
  namespaceSelector: selector.optional(),
  ipBlock: z
    .strictObject({ cidr: z.string().min(1).max(64), except: z.array(z.string().max(64)).max(50).optional() })
    .optional(),
})
const port = z.strictObject({
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
  port: z.union([z.int().min(1).max(65_535), z.string().min(1).max(63)]).optional(),
  endPort: z.int().min(1).max(65_535).optional(),
})
const ports = z.array(port).max(100).optional()

export const networkPolicySchema = z
  .strictObject({
    podSelector: selector.optional().meta({ description: 'Absent: every pod of the namespace.' }),
    ingress: z
      .array(z.strictObject({ from: z.array(peer).max(100).optional(), ports }))
      .max(100)
      .optional(),
    egress: z
      .array(z.strictObject({ to: z.array(peer).max(100).optional(), ports }))
      .max(100)
      .optional(),
  })
  .refine(({ ingress, egress }) => ingress !== undefined || egress !== undefined, {
    error: 'must have ingress, egress or both; an empty list lets nothing through',
  })
  .meta({
    id: 'NetworkPolicyRules',
    description:
      'A NetworkPolicy in the namespace: a direction that is named lets through what its rules say, and nothing else.',
  })

export type Selector = z.output<typeof selector>
export type Hook = z.output<typeof hookSchema>
export type Hooks = z.output<typeof hooksSchema>
export type Quota = z.output<typeof quotaSchema>
export type NetworkPolicyRules = z.output<typeof networkPolicySchema>
