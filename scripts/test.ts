// `npm test`: all tests, or those that are named as for vitest. A few files that fail are run once more, one after the other, and those that pass only then are named. The last line counts.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closingLine, type Outcome, together, totalOf, worthASecondAttempt } from '../test/harness/outcome.ts'

const folder = mkdtempSync(join(tmpdir(), 'o2ims-tests-'))

function run(name: string, args: string[]): { status: number; outcome: Outcome | undefined } {
  const file = join(folder, name)
  const { status } = spawnSync('vitest', ['run', ...args], {
    stdio: 'inherit',
    env: { ...process.env, TEST_OUTCOME: file },
  })
  const outcome: Outcome | undefined = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
  return { status: status ?? 1, outcome }
}

try {
  const first = run('first', process.argv.slice(2))
  process.exitCode = first.status
  const again = first.outcome ? worthASecondAttempt(first.outcome) : []
  if (first.outcome && again.length > 0) {
    process.stdout.write(`\nOnce more: ${again.join(' ')}\n`)
    const second = run('second', ['--maxWorkers=1', ...again])
    process.exitCode = second.status
    if (second.status === 0)
      process.stdout.write(
        `\nPassed only at the second attempt: ${again.join(' ')}. Such a test has a fault, or found one.\n`,
      )
    const both = second.outcome ? together(first.outcome, second.outcome) : first.outcome
    process.stdout.write(`${closingLine(totalOf(both))}\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
