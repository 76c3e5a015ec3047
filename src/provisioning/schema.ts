import { z } from 'zod'
import { objectRefSchema } from '../clusters/schema.ts'
import { jsonObject } from '../http/json-object.ts'
import { operatorBehaviourSchema } from '../operators/behaviour.ts'
import { approvalSchema, queueOptionFields } from './option-schema.ts'
import type { ProvisioningRequestData, RequestOptions } from './record.ts'
import { observedSchema } from './report-observed.ts'

/** The SMO's own id. Any 128 characters that need no escaping: identifiers of the specification need not be UUIDs. */
export const provisioningRequestIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be 1 to 128 of A-Z a-z 0-9 . _ - and start with a letter or digit')
  .meta({ description: 'Assigned by the client; never changes.' })

export const idParams = z.strictObject({ provisioningRequestId: provisioningRequestIdSchema })

const dataFields = {
  provisioningRequestId: provisioningRequestIdSchema,
  name: z.string().min(1).max(256),
  description: z.string().max(4096),
  templateName: z.string().min(1).max(128),
  templateVersion: z.string().min(1).max(64),
  templateParameters: jsonObject.optional().meta({ description: "Against the template's own schema." }),
}

/** ProvisioningRequestData, O2IMS 3.4.6.2.2. */
export const provisioningRequestDataSchema = z
  .strictObject(dataFields)
  .meta({ id: 'ProvisioningRequestData', description: 'O2IMS 3.4.6.2.2.' }) satisfies z.ZodType<ProvisioningRequestData>

export const requestOptionsSchema = z
  .strictObject({
    timeoutSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .optional()
      .meta({ description: "Deadline, counted from the first step's start; the template's default when absent." }),
    cleanupOnFailure: z
      .boolean()
      .optional()
      .meta({ description: 'Undo what was made when a step fails; true when absent.' }),
    deleteClusterOnFailure: z.boolean().optional().meta({
      description:
        'Whether a failed request removes a cluster that it made. Absent: not with DELETE_CLUSTER_ON_FAILURE=false, else as cleanupOnFailure says.',
    }),
    simulation: z
      .strictObject({
        stepDelayMs: z.int().min(0).max(86_400_000).optional().meta({ description: 'Each step takes so much longer.' }),
        failAt: z.string().min(1).max(128).optional().meta({ description: 'Name of the step that fails.' }),
        silentAt: z
          .string()
          .min(1)
          .max(128)
          .optional()
          .meta({ description: 'Name of the step that falls silent until the deadline.' }),
        operator: operatorBehaviourSchema.optional().meta({
          description: 'What FoCoM and the o2ims-operator, which are played, do with what the request asks of them.',
        }),
        hooks: z
          .record(
            z.string().min(1).max(40),
            z.strictObject({ fails: z.enum(['fail', 'image']).optional(), log: z.string().max(4096).optional() }),
          )
          .optional()
          .meta({ description: "How the template's hooks go wrong, by their names, and what they print." }),
      })
      .optional()
      .meta({ description: 'For simulated O-Clouds only.' }),
    ...queueOptionFields,
  })
  .meta({
    id: 'RequestOptions',
    description: 'What the front door takes beside the six fields of the specification.',
  }) satisfies z.ZodType<RequestOptions>

/** What the front door takes. */
export const frontDoorRequestSchema = z
  .strictObject({ ...dataFields, options: requestOptionsSchema.optional() })
  .meta({ id: 'FrontDoorRequest' })

const dateTime = z.string().meta({ format: 'date-time' })
export const provisioningPhaseSchema = z
  .enum(['PENDING', 'PROGRESSING', 'FULFILLED', 'FAILED', 'DELETING'])
  .meta({ id: 'ProvisioningPhase', description: 'O2IMS 3.4.6.3.3.1.' })
export const stepStateSchema = z
  .enum(['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'SKIPPED', 'UNDOING', 'UNDONE'])
  .meta({ id: 'StepState' })

const resourceProvisioningStatus = z
  .strictObject({
    resourceName: z.string(),
    resourceId: z.string(),
    resourceProvisioningPhase: z.enum(['PROCESSING', 'PROVISIONED', 'AWAITING_FREE_RESOURCES', 'FAILED']),
  })
  .meta({ id: 'ResourceProvisioningStatus', description: 'Provisioning 1.2.0.' })

const infoFields = {
  provisioningRequestData: provisioningRequestDataSchema,
  provisioningRequestReference: z
    .string()
    .meta({ format: 'uuid', description: 'Assigned by the O-Cloud; never changes.' }),
  status: z
    .strictObject({
      updateTime: dateTime.meta({ description: 'Last change of the phase.' }),
      message: z.string(),
      provisioningPhase: provisioningPhaseSchema,
      nodeClusterProvisioningStatus: resourceProvisioningStatus.optional(),
      infrastructureResourceProvisioningStatus: z.array(resourceProvisioningStatus).optional(),
    })
    .meta({ id: 'ProvisioningStatus', description: 'O2IMS 3.4.6.2.4, with the fields of 1.2.0.' }),
  provisionedResourceSet: z
    .strictObject({ nodeClusterId: z.string().optional(), infrastructureResourceIds: z.array(z.string()).optional() })
    .optional()
    .meta({ description: 'What was provisioned: one kind or the other.' }),
}

/** ProvisioningRequestInfo, O2IMS 3.4.6.2.3. */
export const provisioningRequestInfoSchema = z
  .strictObject(infoFields)
  .meta({ id: 'ProvisioningRequestInfo', description: 'O2IMS 3.4.6.2.3.' })

const touchedObject = objectRefSchema
  .extend({
    oCloudId: z.string().optional().meta({ description: 'Where it stands, when that is not the O-Cloud of the step.' }),
    action: z.enum(['created', 'updated', 'unchanged', 'deleted']),
  })
  .meta({ id: 'TouchedObject' })
const leftObject = touchedObject
  .extend({ reason: z.string() })
  .meta({ id: 'LeftObject', description: 'What could not be removed, and why.' })

const stepProgress = z
  .strictObject({
    name: z.string(),
    uses: z.string(),
    state: stepStateSchema,
    startedAt: dateTime.optional(),
    finishedAt: dateTime.optional(),
    durationMs: z.int().optional(),
    message: z.string().optional(),
    percent: z.number().optional(),
    objects: z.array(touchedObject).optional(),
  })
  .meta({ id: 'StepProgress' })

const failure = z
  .strictObject({
    code: z.string(),
    exitCode: z.int(),
    step: z.string().nullable(),
    cause: z.string(),
    undone: z.array(touchedObject),
    left: z.array(leftObject),
    rolledBackTo: z
      .int()
      .optional()
      .meta({ description: 'The generation that stands again, by `options.rollbackOnFailure`.' }),
  })
  .meta({ id: 'Failure' })

const progress = z
  .strictObject({
    percent: z.number().min(0).max(100),
    currentStep: z.string().nullable(),
    generation: z.int(),
    deadline: dateTime.nullable(),
    simulated: z.boolean(),
    steps: z.array(stepProgress),
    approval: approvalSchema.optional(),
    error: failure.optional(),
  })
  .meta({ id: 'Progress' })

/** The same as the specification's, and how far it is. */
export const frontDoorInfoSchema = z
  .strictObject({
    ...infoFields,
    options: requestOptionsSchema.optional(),
    progress,
    links: z.strictObject({ events: z.string(), report: z.string() }),
  })
  .meta({ id: 'FrontDoorRequestInfo', description: 'ProvisioningRequestInfo with options, progress and links.' })

export const planSchema = z
  .strictObject({
    dryRun: z.literal(true),
    steps: z.array(
      z.strictObject({
        name: z.string(),
        uses: z.string(),
        changes: z.array(
          z.strictObject({ action: z.enum(['create', 'update', 'delete', 'none']), object: objectRefSchema }),
        ),
      }),
    ),
  })
  .meta({ id: 'Plan', description: 'What each step would do; nothing was written.' })

export const leftSchema = z
  .strictObject({ left: z.array(objectRefSchema) })
  .meta({ id: 'Left', description: 'What stays behind, now in nobody’s care.' })

export const reportSchema = z
  .strictObject({
    provisioningRequestId: z.string(),
    provisioningRequestReference: z.string(),
    name: z.string(),
    description: z.string(),
    template: z.strictObject({ name: z.string(), version: z.string() }),
    simulated: z.boolean(),
    finished: z.boolean().meta({ description: 'False: this is how it stands, not how it ended.' }),
    provisioningPhase: provisioningPhaseSchema,
    message: z.string(),
    generation: z.int(),
    percent: z.number(),
    createdAt: dateTime,
    startedAt: dateTime.optional(),
    finishedAt: dateTime.optional(),
    durationMs: z.int().optional(),
    deadline: dateTime.nullable(),
    steps: z.array(stepProgress),
    approval: approvalSchema.optional(),
    error: failure.optional(),
    provisionedResourceSet: infoFields.provisionedResourceSet,
    observed: observedSchema.optional(),
    access: z
      .array(z.strictObject({ oCloudId: z.string(), oCloud: z.string(), kubeconfig: z.string().optional() }))
      .meta({ description: 'Where it runs, and where the kubeconfig of a cluster that was made can be read.' }),
    undo: z.strictObject({ method: z.literal('DELETE'), path: z.string() }),
  })
  .meta({ id: 'Report', description: 'What really happened, from the record.' })

export type ProvisioningRequestInfo = z.infer<typeof provisioningRequestInfoSchema>
export type FrontDoorInfo = z.infer<typeof frontDoorInfoSchema>
export type StepProgress = z.infer<typeof stepProgress>
export type Report = z.infer<typeof reportSchema>
