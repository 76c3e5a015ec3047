import { writeSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

interface Outcome {
  passed: number
  failed: number
  /** Each skipped test, by the reason that its `needs()` gave. */
  skipped: Map<string, string[]>
}

/**
 * Ends a run with one plain line, alone and last: `N passed, N failed, N skipped`; before it, why tests were skipped.
 * A file that cannot be loaded and an error outside of a test count as failures.
 */
export function createSummaryReporter(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const outcome = count(modules)
      outcome.failed += unhandledErrors.length
      // At exit, so that nothing comes after it.
      process.once('exit', () => writeSync(1, `\n${renderSkips(outcome)}${closingLine(outcome)}\n`))
    },
  }
}

function count(modules: readonly TestModule[]): Outcome {
  const outcome: Outcome = { passed: 0, failed: 0, skipped: new Map() }
  for (const module of modules) {
    const before = outcome.failed
    for (const test of module.children.allTests()) add(outcome, test)
    if (module.state() === 'failed' && outcome.failed === before) outcome.failed += 1
  }
  return outcome
}

function add(outcome: Outcome, test: TestCase): void {
  const result = test.result()
  if (result.state === 'passed') outcome.passed += 1
  else if (result.state === 'skipped') {
    const why = test.meta().skipReason ?? result.note ?? 'no reason given'
    outcome.skipped.set(why, [...(outcome.skipped.get(why) ?? []), `${test.module.relativeModuleId}: ${test.fullName}`])
  } else outcome.failed += 1
}

function renderSkips({ skipped }: Outcome): string {
  const lines = [...skipped].map(([why, tests]) => `Skipped (${why}):\n${tests.map((test) => `  ${test}\n`).join('')}`)
  return lines.join('')
}

function closingLine({ passed, failed, skipped }: Outcome): string {
  return `${passed} passed, ${failed} failed, ${[...skipped.values()].flat().length} skipped`
}
