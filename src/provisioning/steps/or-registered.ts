import { z } from 'zod'
import type { Step } from './step.ts'

type Either<Inputs> = { oCloud: string } | { given: Inputs }

const registered = z.looseObject({ oCloud: z.string().min(1) })

/**
 * A step that makes a cluster, for templates that take one which is registered already instead: where the input `oCloud` is given, that O-Cloud is used and nothing is made.
 */
export function orRegistered<Inputs>(step: Step<Inputs>): Step<Either<Inputs>> {
  const inputs = z.record(z.string(), z.unknown()).transform((all, context): Either<Inputs> => {
    const { oCloud, ...rest } = all
    const one = oCloud === undefined ? undefined : registered.safeParse({ oCloud })
    const given = step.inputs.safeParse(rest)
    for (const issue of [...(one?.error?.issues ?? []), ...(given.error?.issues ?? [])])
      context.issues.push({ ...issue, input: all } as z.core.$ZodRawIssue)
    if (one?.error !== undefined || !given.success) return z.NEVER
    return one === undefined ? { given: given.data } : { oCloud: one.data.oCloud }
  })
  return {
    ...step,
    inputs,
    identity: (either) => ('oCloud' in either ? `registered/${either.oCloud}` : (step.identity?.(either.given) ?? '')),
    plan: async (either, previous, context) => ('oCloud' in either ? [] : step.plan(either.given, previous, context)),
    // Without `oCloudId`: that would say that the step made it.
    apply: async (either, previous, context) =>
      'oCloud' in either
        ? { objects: [], outputs: { oCloudId: either.oCloud }, notes: { summary: 'the O-Cloud is there already' } }
        : step.apply(either.given, previous, context),
    verify: async (either, made, context) => ('oCloud' in either ? made : step.verify(either.given, made, context)),
  }
}
