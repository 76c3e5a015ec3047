import { execFileSync } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createLogOutput } from '../src/log-output.ts'

describe('log lines', () => {
  function output() {
    const written: string[] = []
    return { written, lines: createLogOutput({ write: (text) => void written.push(text) }) }
  }

  it('of one turn of the event loop go out together, in order', async () => {
    const { written, lines } = output()
    for (const line of ['a\n', 'b\n', 'c\n']) lines.write(line)
    expect(written).toEqual([])
    await setImmediate()
    expect(written).toEqual(['a\nb\nc\n'])
    lines.write('d\n')
    await setImmediate()
    expect(written).toEqual(['a\nb\nc\n', 'd\n'])
  })

  it('go out at once when they are many, and when one of them is fatal', () => {
    const { written, lines } = output()
    const long = `${'x'.repeat(40_000)}\n`
    lines.write(long)
    lines.write(long)
    expect(written).toEqual([long + long])
    pino({}, lines).fatal('the end')
    expect(written).toHaveLength(2)
  })

  it.each([
    ['ends by itself', ''],
    ['is ended', 'process.exit(0)'],
    ['dies of an error', "throw new Error('unforeseen')"],
  ])('are not lost when the process %s', (_how, end) => {
    const file = new URL('../src/log-output.ts', import.meta.url)
    const script = `import { createLogOutput } from ${JSON.stringify(file)}; createLogOutput().write('said'); ${end}`
    const run = () =>
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8', stdio: 'pipe' })
    const said = end.startsWith('throw') ? failed(run) : run()
    expect(said).toBe('said')
  })
})

function failed(run: () => string): unknown {
  try {
    return `did not fail: ${run()}`
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? error.stdout : error
  }
}
