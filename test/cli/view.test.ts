import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advance, elapsed, type Progress, progressOf } from '../../src/cli/view/progress.ts'
import { renderProgress } from '../../src/cli/view/render.ts'
import { renderTable } from '../../src/cli/view/table.ts'
import { createTerminal } from '../../src/cli/view/terminal.ts'
import { clean, cut, duration, fill, widthOf } from '../../src/cli/view/text.ts'
import { aRequest } from './scripted-service.ts'

const anyText = fc.string({ unit: 'grapheme', maxLength: 60 })

describe('text on a terminal', () => {
  test('a cut text is never wider than asked for, and whole when it fits', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 80 }), (text, width) => {
        const short = cut(text, width)
        expect(widthOf(short)).toBeLessThanOrEqual(width)
        if (widthOf(text) <= width) expect(short).toBe(text)
        expect(widthOf(fill(text, width))).toBe(width)
      }),
    )
  })

  test('a cleaned text is one line without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(clean(text)).not.toMatch(/\p{Cc}/u)
      }),
    )
    expect(clean('a\u001b[31mb\u001b[0m\r\n\tc')).toBe('ab c')
  })

  test.each([
    [0, '0.0 s'],
    [4_210, '4.2 s'],
    [9_960, '10 s'],
    [59_600, '60 s'],
    [200_000, '3 min 20 s'],
  ])('%i ms read as %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text))
})

describe('a table', () => {
  const columns = [{ title: 'STEP', min: 4 }, { title: 'STATE' }, { title: 'MESSAGE', min: 0 }]

  test('is never wider than the terminal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyText, anyText), { maxLength: 5 }),
        fc.integer({ min: 20, max: 120 }),
        (rows, width) => {
          const cells = rows.map(([name, message]) => [{ text: name }, { text: 'RUNNING' }, { text: message }])
          for (const line of renderTable(columns, cells, { width })) expect(widthOf(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })

  test('takes the room it needs and no more, and says with an ellipsis what was cut', () => {
    const row = [{ text: 'workload' }, { text: 'RUNNING' }, { text: '2 of 3 objects are ready' }]
    expect(renderTable(columns, [row], { width: undefined })).toEqual([
      'STEP      STATE    MESSAGE',
      'workload  RUNNING  2 of 3 objects are ready',
    ])
    expect(renderTable(columns, [row], { width: 30 })[1]).toBe('workload  RUNNING  2 of 3 obj…')
  })

  test('a request fits into any terminal from 50 columns on', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 50, max: 140 }), (message, width) => {
        const request = aRequest({ message, states: ['SUCCEEDED', 'RUNNING'], percent: 40 })
        const lines = renderProgress(progressOf(request), 0, { width, color: false })
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width)
      }),
    )
  })
})

describe('progress from events', () => {
  const before = progressOf(aRequest({ generation: 3 }))
  const step = (state: string, at: string, generation = 3) =>
    ({ event: 'step', data: { generation, step: 'check', state, percent: 10, message: 'm', at } }) as const

  test('an event of an older generation changes nothing, one of a newer asks for the whole', () => {
    expect(advance(before, step('RUNNING', '2026-11-23T10:00:00Z', 2))).toBe(before)
    expect(advance(before, step('RUNNING', '2026-11-23T10:00:00Z', 4))).toMatchObject({ stale: true, generation: 4 })
  })

  test('a step that runs and ends has the time between', () => {
    const states = [step('RUNNING', '2026-11-23T10:00:00Z'), step('RUNNING', '2026-11-23T10:00:02Z')]
    const running = states.reduce<Progress>(advance, before)
    const now = Date.parse('2026-11-23T10:00:04Z')
    expect(running.steps.map((each) => elapsed(each, now))).toEqual([4_000, undefined])
    const done = advance(running, step('SUCCEEDED', '2026-11-23T10:00:03Z'))
    expect(done.steps.map((each) => elapsed(each, now))).toEqual([3_000, undefined])
  })
})

describe('a terminal', () => {
  /** A true writable stream that says it is a terminal. */
  class Screen extends Writable {
    readonly isTTY = true
    readonly rows = 24
    columns = 80
    written = ''
    hasColors(): boolean {
      return true
    }
    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      this.written += chunk
      done()
    }
  }

  test('draws a block over the one before it, also when it became narrower', () => {
    const screen = new Screen()
    const terminal = createTerminal(screen, { TERM: 'xterm' })
    terminal.draw(['a'.repeat(60), 'b'])
    screen.columns = 40
    screen.written = ''
    terminal.draw(['c'])
    expect(screen.written).toBe('\r\u001b[3A\u001b[0Jc\n')
  })

  test('has no colours with NO_COLOR, and draws nothing in place on a dumb terminal', () => {
    expect(createTerminal(new Screen(), { TERM: 'xterm' }).canvas().color).toBe(true)
    expect(createTerminal(new Screen(), { TERM: 'xterm', NO_COLOR: '1' }).canvas().color).toBe(false)
    expect(createTerminal(new Screen(), { TERM: 'dumb' }).live).toBe(false)
  })
})
