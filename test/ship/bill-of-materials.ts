import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What CycloneDX 1.6 asks for, of what we say. */
const bill = z.strictObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.6'),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.literal(1),
  metadata: z.object({ component: z.object({ name: z.string(), version: z.string(), 'bom-ref': z.string() }) }),
  components: z.array(
    z.strictObject({
      type: z.enum(['library', 'application', 'container']),
      name: z.string().min(1),
      version: z.string().min(1),
      'bom-ref': z.string().min(1),
      purl: z
        .string()
        .regex(/^pkg:[a-z]+\/.+@.+$/)
        .optional(),
      licenses: z.array(z.strictObject({ expression: z.string().min(1) })).optional(),
      hashes: z
        .array(z.strictObject({ alg: z.literal('SHA-512'), content: z.string().regex(/^[0-9a-f]{128}$/) }))
        .optional(),
    }),
  ),
  dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
})

export type Bill = z.infer<typeof bill>

/** What `make sbom` has written to a folder about an image. */
export function readBill(folder: string, image: 'api' | 'worker'): Bill {
  return bill.parse(JSON.parse(readFileSync(join(folder, `sbom-${image}.cdx.json`), 'utf8')))
}
