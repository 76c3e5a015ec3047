import { z } from 'zod'
import { ServiceError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../../json.ts'
import type { GitSource, PackageSource, RenderedPackage } from '../../packages/package-port.ts'
import { checkRef, directoryOf, remoteOf } from '../../packages/repository.ts'
import type { StepContext } from './step.ts'

const byName = z.string({ error: 'must be the path of a package, or {repository, ref, directory}' }).min(1)
const inRepository = z
  .strictObject({
    repository: z.string().min(1),
    ref: z.string().min(1),
    directory: z.string().default(''),
    credential: z.string().min(1).optional(),
    hostKeys: z.string().min(1).optional(),
  })
  .superRefine((source, context) => {
    try {
      remoteOf(source)
      checkRef(source.ref)
      directoryOf(source.directory)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      context.addIssue(error.message)
    }
  })

/** Where a package comes from, as a step is given it: a path by name, or a place in a repository. `path` is the directory there. */
export interface PackagePlace {
  path: string
  git?: GitSource
}

/** The input `package`. */
export const packagePlace = z.unknown().transform((value, context): PackagePlace => {
  const parsed = typeof value === 'object' && value !== null ? inRepository.safeParse(value) : byName.safeParse(value)
  for (const issue of parsed.error?.issues ?? []) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue)
  if (!parsed.success) return z.NEVER
  if (typeof parsed.data === 'string') return { path: parsed.data }
  const { directory, ...git } = parsed.data
  return { path: directory, git }
})

const NOTE = 'source'
/** What a step notes of where its package was found. */
const noted = z.object({
  /** As the step was given them. */
  path: z.string(),
  repository: z.string().nullable(),
  ref: z.string().nullable(),
  commit: z.string(),
  mergedFrom: z.string().optional(),
  generation: z.number(),
})

/**
 * What to render: at the commit that this generation found already (a branch may move between two steps, or while a worker is dead), and with the commit that stands, so that
 * a change of the ref is merged.
 */
export function sourceFor(
  place: PackagePlace,
  { namespace, values }: { namespace: string; values: Record<string, unknown> },
  context: StepContext,
): PackageSource {
  const { repository = null, ref = null } = place.git ?? {}
  const known = context.steps.flatMap(({ made }) => {
    const note = noted.safeParse(made?.notes[NOTE])
    if (!note.success || note.data.path !== place.path || note.data.repository !== repository) return []
    const stands = made?.objects.some((object) => object.madeIn !== undefined && object.action !== 'deleted') === true
    return [{ ...note.data, stands: stands && made?.outputs.namespace === namespace }]
  })
  const found = known.find((note) => note.generation === context.request.generation && note.ref === ref)
  const standing = known.find((note) => note.stands)
  return {
    ...place,
    namespace,
    values: values as JsonObject,
    ...(found && { commit: found.commit }),
    ...(standing && { standing: standing.mergedFrom ?? standing.commit }),
  }
}

/** For `made.notes`: what `sourceFor` reads. Nothing for a package that has no commit. */
export function noteOfSource(
  place: PackagePlace,
  { source }: RenderedPackage,
  context: StepContext,
): Record<string, JsonValue> {
  if (source?.from !== 'git') return {}
  const { repository = null, ref = null } = place.git ?? {}
  const { commit, mergedFrom } = source
  const { generation } = context.request
  return {
    [NOTE]: { path: place.path, repository, ref, commit, generation, ...(mergedFrom !== undefined && { mergedFrom }) },
  }
}

/** For `made.outputs`: where the package was found, as a report tells it. */
export function outputOfSource({ source }: RenderedPackage): Record<string, JsonValue> {
  return source === undefined ? {} : { source: { ...source } }
}
