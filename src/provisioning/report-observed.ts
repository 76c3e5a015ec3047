import { z } from 'zod'
import type { JsonValue } from '../json.ts'
import type { ProvisioningRecord } from './record.ts'

const amounts = z.record(z.string(), z.string())

/** What stood in the O-Clouds when the request's report was made. */
export const observedSchema = z
  .object({
    at: z.string().meta({ format: 'date-time' }),
    oClouds: z.array(
      z.object({
        oCloudId: z.string(),
        name: z.string().optional(),
        endpoint: z.string().optional().meta({ description: 'Where its API server listens.' }),
        managed: z.boolean().optional().meta({ description: 'A request of ours made it.' }),
        endpoints: z.array(z.object({ name: z.string(), url: z.string(), protocol: z.string() })).optional(),
        compliance: z.record(z.string(), z.string()).optional(),
        reachable: z.boolean(),
        message: z.string().optional(),
        version: z.string().optional(),
        nodes: z.int().optional(),
        capacity: amounts.optional(),
        allocatable: amounts.optional(),
      }),
    ),
    workloads: z.array(
      z.object({
        oCloudId: z.string(),
        apiVersion: z.string(),
        kind: z.string(),
        namespace: z.string().optional(),
        name: z.string(),
        ready: z.boolean(),
        state: z.string(),
        images: z.array(z.string()),
        requests: amounts.optional().meta({ description: 'What its pods ask for together.' }),
      }),
    ),
    services: z.array(
      z.object({
        oCloudId: z.string(),
        namespace: z.string().optional(),
        name: z.string(),
        type: z.string(),
        addresses: z.array(z.string()),
      }),
    ),
    objects: z.int().meta({ description: 'How many objects the request has there.' }),
  })
  .meta({ id: 'Observed', description: 'What stood in the O-Clouds when the step `report` looked.' })

export type Observed = z.infer<typeof observedSchema>

/** The name under which the step keeps it. */
export const OBSERVED = 'summary'

/** What the last step that looked has seen; undefined when none has, or one of an older version. */
export function observedOf({ steps }: Pick<ProvisioningRecord, 'steps'>): Observed | undefined {
  const seen: JsonValue | undefined = steps.findLast(({ uses }) => uses === 'report')?.made?.outputs[OBSERVED]
  return observedSchema.safeParse(seen).data
}
