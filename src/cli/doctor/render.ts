import { styleText } from 'node:util'
import type { Canvas } from '../view/render.ts'
import { type Cell, renderTable } from '../view/table.ts'
import type { Finding, Verdict } from './finding.ts'

const STYLES = { ok: 'green', warning: 'yellow', missing: 'red' } as const

/** What was found, what to do, and what can run. Pure. */
export function renderFindings(findings: readonly Finding[], verdicts: readonly Verdict[], canvas: Canvas): string[] {
  const paint = (style: 'green' | 'yellow' | 'red' | 'gray', text: string) =>
    canvas.color ? styleText(style, text, { validateStream: false }) : text
  const rows = findings.map(({ subject, state, found, neededBy }): Cell[] => [
    { text: subject },
    { text: state, style: (text) => paint(STYLES[state], text) },
    { text: found },
    { text: neededBy, style: (text) => paint('gray', text) },
  ])
  const columns = [
    { title: 'WHAT' },
    { title: 'STATE' },
    { title: 'FOUND', min: 16 },
    { title: 'NEEDED BY', min: 16, yields: 1, below: true },
  ]
  const todo = findings.filter(({ remedy }) => remedy.length > 0)
  const jobs = verdicts.map(({ job, possible, lacks }): Cell[] => [
    { text: job },
    possible
      ? { text: 'can run', style: (text) => paint('green', text) }
      : { text: `lacks ${lacks.join(', ')}`, style: (text) => paint('red', text) },
  ])
  return [
    ...renderTable(columns, rows, { width: canvas.width, title: (text) => paint('gray', text) }),
    ...(todo.length > 0 ? ['', 'What to do (commands for Debian):'] : []),
    // Never cut: somebody copies them.
    ...todo.flatMap(({ subject, remedy }) => [`  ${subject}:`, ...remedy.map((line) => `    ${line}`)]),
    '',
    ...renderTable([{ title: 'JOB' }, { title: 'ON THIS MACHINE' }], jobs, {
      width: canvas.width,
      title: (text) => paint('gray', text),
    }),
  ]
}
