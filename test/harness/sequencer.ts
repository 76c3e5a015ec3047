import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that wait for minutes (for quiet, for kind): started first, so that the others run beside them. Longest first. */
const LONG_WAITS = ['edge-5g-kind', 'quiet', 'kind', 'chart', 'compose', 'scale-out', 'ocloud', 'outage', 'load']

/** The order within a group of projects: what waits longest, then vitest's own. */
export class LongWaitsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const groups = Map.groupBy(sorted, (file) => file.project.config.sequence.groupOrder)
    return [...groups.values()].flatMap((group) => group.toSorted((a, b) => rank(a) - rank(b)))
  }
}

function rank({ moduleId }: TestSpecification): number {
  const index = LONG_WAITS.findIndex((name) => moduleId.includes(`/${name}.`))
  return index < 0 ? LONG_WAITS.length : index
}
