import { z } from 'zod'

/** A flag of the specification stands in the query without a value; `=true`, which some clients cannot leave out, says the same. */
function presence(description: string) {
  return z
    .string()
    .regex(/^(true)?$/, 'takes no value')
    .optional()
    .transform((value) => value !== undefined)
    .meta({ description })
}

const attributes = (description: string) => z.string().optional().meta({ description })

/** The four attribute selectors (SOL 013 5.3.2). */
export const selectorQuery = z.strictObject({
  all_fields: presence('All attributes. Not together with another selector.'),
  fields: attributes(
    'Of the optional structures, arrays and entries of maps only these, e.g. `a,b/c`. Everything else is sent.',
  ),
  exclude_fields: attributes('All but these optional structures, arrays and entries of maps, e.g. `a,b/c`.'),
  exclude_default: presence(
    'All but what the list leaves out by default: the same as no selector. With `fields`: but for those.',
  ),
})

/** What every list takes. The example is a filter that a client may well send there. */
export function listQuery(example: string) {
  return z.strictObject({
    filter: z
      .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string()))
      .optional()
      .meta({
        description: `SOL 013 5.2.2, e.g. \`${example}\`. Expressions that \`;\` separates, and several filters, all have to match.`,
      }),
    ...selectorQuery.shape,
    nextpage_opaque_marker: z
      .string()
      .max(256)
      .optional()
      .meta({ description: 'From the Link header of the page before.' }),
  })
}

/** The front door's lists take a page size too. */
export function pageQuery(example: string) {
  return listQuery(example).extend({
    limit: z
      .string()
      .regex(/^([1-9][0-9]?|100)$/, 'must be an integer from 1 to 100')
      .transform(Number)
      .optional()
      .meta({ description: 'Entries on a page, 1 to 100.' }),
  })
}

export type ListQuery = z.output<ReturnType<typeof listQuery>> & { limit?: number | undefined }
