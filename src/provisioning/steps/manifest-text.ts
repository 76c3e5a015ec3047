import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import type { KubernetesObject } from '../../clusters/cluster.ts'
import { isObject } from '../../clusters/fields.ts'
import { messageOf } from '../../errors.ts'
import { plainValue } from '../../plain-yaml.ts'

/** Enough for any sensible step; beyond it a package is the better form. */
const MAX_OBJECTS = 500

const manifest = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().min(1).optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
})

/** Objects as a list or as YAML text; no error quotes their content: it may be a Secret's. */
export const manifestList = z
  .union([z.string(), z.array(z.unknown())])
  .transform((given, context): unknown[] => {
    if (typeof given !== 'string') return given
    const documents = parseAllDocuments(given, { prettyErrors: false, logLevel: 'error' })
    const list = Array.isArray(documents) ? documents : []
    for (const [index, document] of list.entries()) {
      if (document.errors.length === 0) continue
      context.addIssue({ code: 'custom', message: `document ${index + 1} is not YAML (${document.errors[0]?.code})` })
      return z.NEVER
    }
    try {
      return list.map(plainValue).filter((value) => value !== null)
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) })
      return z.NEVER
    }
  })
  .transform((values) => values.flatMap(expanded))
  .pipe(z.array(manifest).min(1).max(MAX_OBJECTS))
  .transform((objects): KubernetesObject[] => objects.map((object) => object as KubernetesObject))

/** A `List` stands for its items. */
function expanded(value: unknown): unknown[] {
  return isObject(value) && value.kind === 'List' && Array.isArray(value.items) ? value.items : [value]
}
