import { writeFileSync, writeSync } from 'node:fs'
import type { Reporter, TestCase } from 'vitest/node'
import { type Counts, closingLine, type Outcome, totalOf } from './outcome.ts'

/**
 * Ends a run with one plain line, alone and last: `N passed, N failed, N skipped`; before it, why tests were skipped.
 * A file that cannot be loaded and an error outside of a test count as failures. All of it goes to the file TEST_OUTCOME as well, where that is set.
 */
export function createSummaryReporter(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const outcome: Outcome = { files: {}, outsideOfTests: unhandledErrors.length }
      const skipped = new Map<string, string[]>()
      for (const module of modules) {
        const counts = { passed: 0, failed: 0, skipped: 0 }
        for (const test of module.children.allTests()) add(counts, skipped, test)
        if (module.state() === 'failed' && counts.failed === 0) counts.failed = 1
        outcome.files[module.relativeModuleId] = counts
      }
      if (process.env.TEST_OUTCOME) writeFileSync(process.env.TEST_OUTCOME, JSON.stringify(outcome))
      // At exit, so that nothing comes after it.
      process.once('exit', () => writeSync(1, `\n${renderSkips(skipped)}${closingLine(totalOf(outcome))}\n`))
    },
  }
}

function add(counts: Counts, skipped: Map<string, string[]>, test: TestCase): void {
  const result = test.result()
  if (result.state === 'passed') counts.passed += 1
  else if (result.state === 'skipped') {
    counts.skipped += 1
    const why = test.meta().skipReason ?? result.note ?? 'no reason given'
    skipped.set(why, [...(skipped.get(why) ?? []), `${test.module.relativeModuleId}: ${test.fullName}`])
  } else counts.failed += 1
}

function renderSkips(skipped: Map<string, string[]>): string {
  const lines = [...skipped].map(([why, tests]) => `Skipped (${why}):\n${tests.map((test) => `  ${test}\n`).join('')}`)
  return lines.join('')
}
