import { z } from 'zod'
import { UNSCHEDULABLE } from './unschedulable.ts'

const dateTime = z.string().meta({ format: 'date-time' })
const amounts = z.strictObject({ cpu: z.string(), memory: z.string(), pods: z.string() })

const nodeFinding = z.strictObject({
  name: z.string(),
  ready: z.boolean(),
  schedulable: z.boolean(),
  conditions: z.array(z.string()).meta({ description: 'What is wrong with it, e.g. MemoryPressure.' }),
  allocatable: amounts,
  requested: amounts.meta({ description: 'What the pods on it ask for.' }),
})

const eventFinding = z.strictObject({
  at: dateTime,
  type: z.string(),
  reason: z.string(),
  object: z.string(),
  ours: z.boolean().meta({ description: 'About what this request has made, and in this generation.' }),
  message: z.string(),
  count: z.int(),
})

const podFinding = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  ours: z.boolean().meta({ description: 'Made by this request.' }),
  phase: z.string(),
  problem: z.enum(['image', ...UNSCHEDULABLE, 'crash', 'configuration', 'other']).meta({
    description:
      'image: it cannot be pulled; configuration: something that it names is missing; claim, neighbours, capacity, port, affinity, taint, cordon: no node takes the pod, for want of a volume, by its rules about other pods, for want of room, for a host port that is taken, for its labels, for its taints, as it is cordoned.',
  }),
  message: z.string(),
  node: z.string().optional(),
  container: z.string().optional(),
  image: z.string().optional(),
  exitCode: z.int().optional(),
  restarts: z.int().optional(),
  asks: amounts.optional(),
  log: z.string().optional().meta({ description: 'Its last words.' }),
})

const workloadFinding = z.strictObject({
  object: z.string(),
  hook: z.literal(true).optional().meta({ description: 'The Job of a hook of the template.' }),
  failed: z.boolean().meta({ description: 'It will not come right by waiting.' }),
  message: z.string(),
  log: z.string().optional(),
  pod: z.string().optional().meta({ description: 'What the pod of a failed Job tells where it has printed nothing.' }),
})

const kindFinding = z.strictObject({ apiVersion: z.string(), kind: z.string() })
const operatorLog = z.strictObject({ namespace: z.string(), pod: z.string(), phase: z.string(), log: z.string() })
const inventoryFinding = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  objects: z.int(),
  notCurrent: z.array(z.strictObject({ object: z.string(), status: z.string(), message: z.string().optional() })),
})
const textFinding = z.strictObject({ name: z.string(), text: z.string() })

export const targetSchema = z
  .strictObject({
    oCloudId: z.string().optional().meta({ description: 'Absent for a cluster that was not registered yet.' }),
    name: z.string(),
    simulated: z.boolean().optional(),
    endpoint: z.string().optional(),
    reachable: z.boolean(),
    message: z.string().optional().meta({ description: 'Why it is not reachable.' }),
    version: z.string().optional(),
    nodes: z.array(nodeFinding).optional(),
    events: z.array(eventFinding).optional().meta({ description: 'Of the namespaces concerned, newest first.' }),
    pods: z.array(podFinding).optional().meta({ description: 'Those that do not run, and why.' }),
    workloads: z
      .array(workloadFinding)
      .optional()
      .meta({ description: 'Objects of the request that are not what they shall be.' }),
    missingKinds: z.array(kindFinding).optional().meta({ description: 'Kinds that it does not know.' }),
    operatorLogs: z.array(operatorLog).optional(),
    kptInventory: z.array(inventoryFinding).optional(),
    kindLogs: z.array(textFinding).optional(),
    notCollected: z.array(z.strictObject({ what: z.string(), why: z.string() })),
  })
  .meta({ id: 'DiagnosedTarget' })

const diagnosis = {
  collectedAt: dateTime,
  generation: z.int(),
  phase: z.string(),
  failure: z.strictObject({ code: z.string(), step: z.string().nullable(), cause: z.string() }).optional(),
  causes: z.array(z.string()).meta({ description: 'What is wrong in plain sentences, the most probable first.' }),
  targets: z.array(targetSchema),
  shortened: z.literal(true).optional().meta({ description: 'Some of what was found did not fit.' }),
}

export const diagnosisSchema = z.strictObject(diagnosis).meta({ id: 'Diagnosis' })

/** What is answered: what is found now, and what was found when the request failed, before anything was undone. */
export const diagnosticsSchema = z
  .strictObject({ ...diagnosis, collected: diagnosisSchema.optional() })
  .meta({ id: 'Diagnostics', description: 'As things stand now; `collected`: as they stood when the request failed.' })

export type Diagnosis = z.infer<typeof diagnosisSchema>
export type Diagnostics = z.infer<typeof diagnosticsSchema>
export type DiagnosedTarget = z.infer<typeof targetSchema>
export type PodFinding = z.infer<typeof podFinding>
export type NodeFinding = z.infer<typeof nodeFinding>
export type EventFinding = z.infer<typeof eventFinding>
export type WorkloadFinding = z.infer<typeof workloadFinding>
