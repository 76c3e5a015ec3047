import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { createConformanceReporter } from './test/harness/conformance-reporter.ts'
import { LongWaitsFirst } from './test/harness/sequencer.ts'
import { createSummaryReporter } from './test/harness/summary-reporter.ts'

/** Tests that start clusters or whole services, after everything else. They wait more than they work. */
const HEAVY = ['test/e2e/**/*.test.ts', 'test/o2ims/*.test.ts', 'test/**/*.real.test.ts']

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    maxWorkers: 2,
    // Hundreds of commands and services are started: half of their time is reading their code.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'o2ims-test-compile-cache') },
    sequence: { sequencer: LongWaitsFirst },
    reporters: ['default', createConformanceReporter(), createSummaryReporter()],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: HEAVY, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: HEAVY,
          maxWorkers: 3,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
