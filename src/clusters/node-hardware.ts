import { z } from 'zod'
import type { KubernetesObject } from './cluster.ts'

/**
 * What a machine is made of, as JSON in an annotation of its Node object: Kubernetes itself does not say which network cards or disks a node has.
 * Whoever runs the O-Cloud writes it (docs/decisions/inventory.md); on simulated O-Clouds this service does.
 */
export const HARDWARE_ANNOTATION = 'o2ims.dev/hardware'

/** Where nobody says. */
export const UNSPECIFIED = 'unspecified'

/** This also bounds how many devices a node has, and how deep they are. */
const LONGEST = 16 * 1024

const text = z.string().min(1).max(256)
const told = text.default(UNSPECIFIED)

const deviceSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,62}$/),
  category: z.enum(['cpu', 'memory', 'storage', 'network', 'accelerator']),
  vendor: told,
  model: text,
  version: told,
  description: text.optional(),
  globalAssetId: text.optional(),
  get elements() {
    return z.array(deviceSchema).optional()
  },
})

const hardwareSchema = z.strictObject({
  vendor: told,
  model: text,
  version: told,
  globalAssetId: text.optional(),
  elements: z.array(deviceSchema).optional(),
})

export type Device = z.output<typeof deviceSchema>
export type Hardware = z.output<typeof hardwareSchema>
/** As it is written. */
export type HardwareInput = z.input<typeof hardwareSchema>

/** Empty when the node says nothing; a fault when what it says cannot be read. */
export function hardwareOf({ metadata }: KubernetesObject): { hardware?: Hardware; fault?: string } {
  const annotation = metadata.annotations?.[HARDWARE_ANNOTATION]
  if (annotation === undefined) return {}
  if (annotation.length > LONGEST) return { fault: `${HARDWARE_ANNOTATION} is longer than ${LONGEST} characters` }
  const json = jsonOf(annotation)
  if (json === undefined) return { fault: `${HARDWARE_ANNOTATION} is no JSON` }
  const { data, error } = hardwareSchema.safeParse(json)
  if (data !== undefined) return { hardware: data }
  const [issue] = error.issues
  return { fault: `${HARDWARE_ANNOTATION}: ${issue?.path.join('.')}: ${issue?.message}` }
}

function jsonOf(annotation: string): unknown {
  try {
    return JSON.parse(annotation)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
