/** How many tests of a file, or of a run, ended how. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** What a run of the tests came to. */
export interface Outcome {
  files: Record<string, Counts>
  /** Errors that belong to no file. */
  outsideOfTests: number
}

/** With more of them something is wrong that a second look does not mend. */
const MOST_AGAIN = 3

export const closingLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`

/** The files that failed; their conformance page is made of all tests of the requirements, so these run together. */
export function worthASecondAttempt({ files, outsideOfTests }: Outcome): string[] {
  const failed = Object.keys(files).filter((file) => (files[file]?.failed ?? 0) > 0)
  if (outsideOfTests > 0 || failed.length > MOST_AGAIN) return []
  return [...new Set(failed.map((file) => (file.startsWith('test/o2ims/') ? 'test/o2ims/' : file)))]
}

/** What two runs came to together: a file of the second one counts as it ended there. */
export function together(first: Outcome, second: Outcome): Outcome {
  return {
    files: { ...first.files, ...second.files },
    outsideOfTests: first.outsideOfTests + second.outsideOfTests,
  }
}

export function totalOf({ files, outsideOfTests }: Outcome): Counts {
  const total = { passed: 0, failed: outsideOfTests, skipped: 0 }
  for (const { passed, failed, skipped } of Object.values(files)) {
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
  }
  return total
}
