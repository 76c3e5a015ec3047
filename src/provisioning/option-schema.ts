import { z } from 'zod'
import type { Decision } from './approval.ts'
import { approverName, approversSchema } from './templates/approvers.ts'

/** The options that act in the queue and the state machine; beside those of `requestOptionsSchema`. */
export const queueOptionFields = {
  priority: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Among the requests that wait for a worker: 100 comes first; 50 when absent.' }),
  retries: z.int().min(0).max(10).optional().meta({
    description:
      'How often a step is tried again after a failure that may pass; 0: never. Until the deadline when absent.',
  }),
  rollbackOnFailure: z.boolean().optional().meta({
    description: 'After a PUT that failed, what was FULFILLED before it is applied again; false when absent.',
  }),
  maintenanceWindow: z
    .strictObject({
      schedule: z
        .string()
        .min(1)
        .max(256)
        .meta({ description: 'When it opens: minute, hour, day of month, month, day of week, as cron writes them.' }),
      durationSeconds: z.int().min(60).max(604_800).meta({ description: 'How long it stays open.' }),
      timeZone: z.string().min(1).max(64).optional().meta({ description: 'IANA name; UTC when absent.' }),
    })
    .optional()
    .meta({ description: 'The request starts inside of it only, and waits PENDING until then. DELETE does not wait.' }),
  approval: z
    .strictObject({
      required: z.boolean(),
      approvers: approversSchema
        .optional()
        .meta({ description: 'Who may decide, of those that the template names; all of them when absent.' }),
    })
    .optional()
    .meta({ description: 'The request waits PENDING until `POST …/approve` or `/reject`; each generation anew.' }),
}

/** What `POST …/approve` and `/reject` take. */
export const decisionSchema = z
  .strictObject({
    approver: approverName,
    comment: z.string().max(1024).optional(),
  })
  .meta({ id: 'Decision' }) satisfies z.ZodType<Decision>

/** Shown in `progress` and in the report. */
export const approvalSchema = z
  .strictObject({
    required: z.literal(true),
    state: z.enum(['PENDING', 'APPROVED', 'REJECTED']),
    approvers: z.array(z.string()).optional(),
    approver: z.string().optional(),
    comment: z.string().optional(),
    at: z.string().meta({ format: 'date-time' }).optional(),
    verified: z.literal(false).optional().meta({ description: 'False: whoever decided was believed by name.' }),
  })
  .meta({ id: 'Approval', description: 'The decision about this generation.' })
