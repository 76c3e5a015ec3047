import { z } from 'zod'

/** What the service answers, as far as the command line reads it; what else stands there is kept for `--output json`. */

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
  reason: z.string().optional(),
})
export type WireObject = z.infer<typeof objectSchema>

const phase = z.enum(['PENDING', 'PROGRESSING', 'FULFILLED', 'FAILED', 'DELETING'])
export type Phase = z.infer<typeof phase>

const stepSchema = z.looseObject({
  name: z.string(),
  uses: z.string(),
  state: z.string(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  durationMs: z.number().optional(),
  message: z.string().optional(),
})
export type WireStep = z.infer<typeof stepSchema>

const failureSchema = z.looseObject({
  code: z.string(),
  exitCode: z.number().int().min(1).max(255),
  step: z.string().nullable(),
  cause: z.string(),
  undone: z.array(objectSchema),
  left: z.array(objectSchema),
})

export const requestSchema = z.looseObject({
  provisioningRequestData: z.looseObject({
    provisioningRequestId: z.string(),
    name: z.string(),
    templateName: z.string(),
    templateVersion: z.string(),
  }),
  status: z.looseObject({ provisioningPhase: phase, message: z.string(), updateTime: z.string() }),
  progress: z.looseObject({
    percent: z.number(),
    generation: z.number(),
    simulated: z.boolean(),
    steps: z.array(stepSchema),
    error: failureSchema.optional(),
  }),
})
/** A provisioning request as the front door answers it. */
export type WireRequest = z.infer<typeof requestSchema>

export const requestListSchema = z.array(requestSchema)

export const planSchema = z.looseObject({
  dryRun: z.literal(true),
  steps: z.array(
    z.looseObject({
      name: z.string(),
      uses: z.string(),
      changes: z.array(z.looseObject({ action: z.string(), object: objectSchema })),
    }),
  ),
})
export type WirePlan = z.infer<typeof planSchema>

export const oCloudSchema = z.looseObject({
  oCloudId: z.string(),
  name: z.string(),
  simulated: z.boolean(),
  managed: z.boolean(),
  madeBy: z.looseObject({ provisioningRequestId: z.string() }).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  status: z
    .looseObject({
      reachable: z.boolean(),
      message: z.string().optional(),
      version: z.string().optional(),
      nodes: z.number().optional(),
      capacity: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
})
export type WireOCloud = z.infer<typeof oCloudSchema>

export const oCloudListSchema = z.array(oCloudSchema)

export const templateSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  result: z.string(),
  timeoutSeconds: z.number(),
  parameterSchema: z.looseObject({}),
  steps: z.array(z.looseObject({ name: z.string(), uses: z.string() })),
})
export type WireTemplate = z.infer<typeof templateSchema>

export const templateListSchema = z.array(templateSchema)

/** One line of `…/logs`. */
export const logLineSchema = z.looseObject({
  time: z.string(),
  level: z.string(),
  msg: z.string(),
  step: z.string().optional(),
  tool: z.string().optional(),
  heartbeat: z.boolean().optional(),
})
export type WireLogLine = z.infer<typeof logLineSchema>

export const leftSchema = z.looseObject({ left: z.array(objectSchema) })

export const problemSchema = z.looseObject({
  type: z.string().optional(),
  title: z.string(),
  status: z.number().optional(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  code: z.string().optional(),
  errors: z.array(z.looseObject({ pointer: z.string(), message: z.string() })).optional(),
})
export type Problem = z.infer<typeof problemSchema>

const stepEventSchema = z.looseObject({
  generation: z.number(),
  step: z.string(),
  state: z.string(),
  percent: z.number(),
  message: z.string(),
  at: z.string(),
})
const phaseEventSchema = z.looseObject({
  generation: z.number(),
  provisioningPhase: phase,
  message: z.string(),
  at: z.string(),
})
const endEventSchema = z.looseObject({
  provisioningPhase: phase.optional(),
  deleted: z.literal(true).optional(),
  left: z.array(objectSchema).optional(),
})

/** An event of `…/events`. */
export type WireEvent =
  | { event: 'snapshot'; data: WireRequest }
  | { event: 'step'; data: z.infer<typeof stepEventSchema> }
  | { event: 'phase'; data: z.infer<typeof phaseEventSchema> }
  | { event: 'end'; data: z.infer<typeof endEventSchema> }

/** Reads one event. Undefined for a kind that we do not know; throws when a known one has another shape. */
export function parseEvent(event: string | undefined, text: string): WireEvent | undefined {
  const data: unknown = JSON.parse(text)
  if (event === 'snapshot') return { event, data: requestSchema.parse(data) }
  if (event === 'step') return { event, data: stepEventSchema.parse(data) }
  if (event === 'phase') return { event, data: phaseEventSchema.parse(data) }
  if (event === 'end') return { event, data: endEventSchema.parse(data) }
  return undefined
}
