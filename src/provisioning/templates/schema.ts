import { z } from 'zod'
import { jsonObject } from '../../http/json-object.ts'
import { approversSchema } from './approvers.ts'
import { hooksSchema, networkPolicySchema, quotaSchema, targetSelectorSchema } from './field-schema.ts'
import type { Template } from './template.ts'

export const templateNameSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be 1 to 63 of a-z 0-9 - and start and end with a letter or digit',
  )

export const templateVersionSchema = z
  .string()
  .regex(/^[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}(-[0-9A-Za-z.-]{1,32})?$/, 'must be a version such as 1.0.0')

const stepName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be 1 to 63 of a-z 0-9 - and start and end with a letter or digit',
  )

export const templateSchema = z
  .strictObject({
    name: templateNameSchema,
    version: templateVersionSchema,
    description: z.string().max(4096),
    result: z
      .enum(['nodeCluster', 'resources'])
      .meta({ description: 'What it makes: a cluster, or resources on one.' }),
    timeoutSeconds: z.int().min(1).max(86_400),
    parameterSchema: jsonObject.meta({ description: 'JSON Schema 2020-12 with a closed root.' }),
    steps: z
      .array(z.strictObject({ name: stepName, uses: z.string().min(1).max(63), with: jsonObject.optional() }))
      .min(1)
      .max(50),
    targetSelector: targetSelectorSchema.optional(),
    quota: quotaSchema.optional(),
    networkPolicy: networkPolicySchema.optional(),
    hooks: hooksSchema.optional(),
    approvers: approversSchema
      .optional()
      .meta({ description: 'Who may decide about requests that ask for approval; anybody when absent.' }),
  })
  .meta({ id: 'Template', description: 'Immutable once published.' }) satisfies z.ZodType<Template>
