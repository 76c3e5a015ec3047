import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WirePlan } from '../../src/cli/client/wire.ts'
import { changes } from '../../src/cli/view/follow-screen.ts'
import { renderPlan } from '../../src/cli/view/plan.ts'
import { advance, elapsed, type Progress, progressOf } from '../../src/cli/view/progress.ts'
import { renderFailure, renderList, renderProgress } from '../../src/cli/view/render.ts'
import { renderTable } from '../../src/cli/view/table.ts'
import { createTerminal } from '../../src/cli/view/terminal.ts'
import { clean, cleanLines, cut, duration, fill, widthOf, wrap } from '../../src/cli/view/text.ts'
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

  test('a wrapped text has every word, and no line is wider than asked for', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 20 }), fc.integer({ min: 1, max: 80 }), (text, width) => {
        const lines = wrap(text, width)
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width)
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
      }),
    )
    expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrap('one two three', undefined)).toEqual(['one two three'])
  })

  test('a cleaned text is one line without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(clean(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
        expect(cleanLines(text)).not.toMatch(/[^\P{Cc}\n\t]|\p{Bidi_Control}/u)
      }),
    )
    expect(cleanLines('a\u001b]0;b\r\n\tc\u001b[2J\n\u202ed\u0007')).toBe('a;b\n\tc\nd')
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
        fc.integer({ min: 1, max: 120 }),
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

  test('gives up columns in their order where it is narrow, and puts below what is worth a line', () => {
    const narrow = [
      { title: 'STEP' },
      { title: 'USES', yields: 1 },
      { title: 'TIME', yields: 3 },
      { title: 'MESSAGE', min: 12, yields: 2, below: true },
    ]
    const row = ['workload', 'kpt-package', '4.2 s', '2 of 3 objects are ready'].map((text) => ({ text }))
    expect(renderTable(narrow, [row], { width: 40 })[1]).toBe('workload  4.2 s  2 of 3 objects are rea…')
    expect(renderTable(narrow, [row], { width: 20 })).toEqual([
      'STEP      TIME',
      'workload  4.2 s',
      '  2 of 3 objects ar…',
    ])
    expect(renderTable(narrow, [row], { width: 10 })).toEqual(['STEP', 'workload', '  2 of 3 …'])
  })

  test('a request, its failure, a list and a plan fit into any terminal', () => {
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'ran', name: 'du', reason: 'held back' }
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 140 }), (message, width) => {
        const error = { code: 'TIMEOUT', exitCode: 7, step: 'check', cause: message, undone: [object], left: [object] }
        const request = aRequest({ message, states: ['SUCCEEDED', 'RUNNING'], percent: 40, error })
        const canvas = { width, color: false }
        const changes = [{ action: 'create', object }]
        const plan: WirePlan = { dryRun: true, steps: [{ name: 'workload', uses: 'manifests', changes }] }
        const lines = [
          ...renderProgress(progressOf(request), 0, canvas),
          ...renderFailure(request, canvas),
          ...renderList([request], canvas),
          ...renderPlan(plan, canvas),
        ]
        // A character of two columns has no place in one.
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(2, width))
      }),
    )
  })

  test.each([79, 60, 40, 20])(
    'the message of a running step is seen at %i columns, and that it is simulated',
    (width) => {
      const request = aRequest({ phase: 'PROGRESSING', message: 'check: 2 of 3 ready', states: ['RUNNING', 'PENDING'] })
      const [step] = request.progress.steps
      if (step) step.message = '2 of 3 ready'
      const [head, ...rest] = renderProgress(progressOf(request), 0, { width, color: false })
      expect(head).toMatch(/SIMULATED$/)
      expect(rest.join('\n').match(/2 of 3 ready/g)?.length).toBe(2)
      const list = renderList([request], { width, color: false }).join('\n')
      expect(list).toContain('check')
      expect(list).toContain('simu')
    },
  )
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

describe('the message of a request that runs', () => {
  const step = (state: string, message: string) =>
    ({
      event: 'step',
      data: { generation: 1, step: 'check', state, percent: 10, message, at: '2026-11-23T10:00:00Z' },
    }) as const
  const before = progressOf(
    aRequest({ phase: 'PROGRESSING', message: 'check: started', states: ['RUNNING', 'PENDING'] }),
  )

  test('is that of its step, as the service itself would tell it', () => {
    const after = advance(before, step('RUNNING', 'looking'))
    expect(after.message).toBe('check: looking')
    expect(renderProgress(after, 0, { width: 80, color: false })[1]).toContain('PROGRESSING  check: looking')
    expect(advance(after, step('RUNNING', '')).message).toBe('check: looking')
  })

  test('has one plain line, not two', () => {
    const after = advance(before, step('RUNNING', 'looking'))
    expect(changes(before, after)).toEqual([' 10%  check  RUNNING  looking'])
    expect(changes(after, { ...after, message: 'being cancelled' })).toEqual([' 10%  PROGRESSING  being cancelled'])
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

  test('lets of what drives it only our styles through, and they only where there are any', () => {
    const line = '\u001b[31mred\u001b[39m\u001b[8m\u001b[2J\u009b2J\u0007 and\ttab'
    const screen = new Screen()
    createTerminal(screen, { TERM: 'xterm' }).print([line, 'two'])
    createTerminal(screen, { TERM: 'xterm', NO_COLOR: '1' }).print(line)
    expect(screen.written).toBe('\u001b[31mred\u001b[39m[8m[2J2J and\ttab\ntwo\nred[8m[2J2J and\ttab\n')
  })

  test('has no colours with NO_COLOR, and draws nothing in place on a dumb terminal', () => {
    expect(createTerminal(new Screen(), { TERM: 'xterm' }).canvas().color).toBe(true)
    expect(createTerminal(new Screen(), { TERM: 'xterm', NO_COLOR: '1' }).canvas().color).toBe(false)
    expect(createTerminal(new Screen(), { TERM: 'dumb' }).live).toBe(false)
  })
})
