import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'
import { REQUIREMENTS } from '../o2ims/requirements.ts'
import { faultsOf, idsOf, renderConformance, type Shown } from './conformance.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PAGE = join(ROOT, 'docs', 'conformance.md')
const TESTS = 'test/o2ims/*.test.ts'

/**
 * Holds docs/conformance.md against the tests of the requirements, or with WRITE_CONFORMANCE writes it, whenever all of them have run. A difference fails the run.
 */
export function createConformanceReporter(): Reporter {
  return {
    onTestRunEnd(modules) {
      const own = modules.filter(({ relativeModuleId }) => relativeModuleId.startsWith('test/o2ims/'))
      const shown = shownBy(own)
      if (shown === undefined || own.length < globSync(TESTS, { cwd: ROOT }).length) return
      const page = renderConformance(REQUIREMENTS, shown)
      const faults = faultsOf(REQUIREMENTS, shown)
      if (process.env.WRITE_CONFORMANCE) writeFileSync(PAGE, page)
      else if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== page)
        faults.push('docs/conformance.md is not what the tests say: npm run conformance writes it')
      for (const fault of faults) process.stderr.write(`conformance: ${fault}\n`)
      if (faults.length > 0) process.exitCode = 1
    },
  }
}

/** Undefined where a test was left out: nothing can be said then. */
function shownBy(modules: readonly TestModule[]): Map<string, Shown> | undefined {
  const shown = new Map<string, Shown>()
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'skipped' || state === 'pending') return undefined
      for (const id of idsOf(test.name)) {
        const { passed, files } = shown.get(id) ?? { passed: true, files: [] }
        const file = module.relativeModuleId
        shown.set(id, {
          passed: passed && state === 'passed',
          files: files.includes(file) ? files : [...files, file].sort(),
        })
      }
    }
  }
  return shown
}
