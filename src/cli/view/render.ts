import { styleText } from 'node:util'
import type { WireRequest } from '../client/wire.ts'
import { elapsed, type Progress } from './progress.ts'
import { type Cell, renderTable } from './table.ts'
import { clean, cut, duration } from './text.ts'

/** How wide and how colourful. `width` undefined: not a terminal, nothing is cut. */
export interface Canvas {
  width: number | undefined
  color: boolean
}

type Style = Parameters<typeof styleText>[0]

const STEP_STYLE: Record<string, Style> = {
  RUNNING: 'cyan',
  SUCCEEDED: 'green',
  SKIPPED: 'gray',
  FAILED: 'red',
  UNDOING: 'yellow',
  UNDONE: 'yellow',
  PENDING: 'gray',
}
const STEP_MARK: Record<string, string> = {
  RUNNING: '●',
  SUCCEEDED: '✔',
  SKIPPED: '○',
  FAILED: '✘',
  UNDOING: '↺',
  UNDONE: '↺',
}
const PHASE_STYLE: Record<string, Style> = {
  FULFILLED: 'green',
  FAILED: 'red',
  DELETING: 'yellow',
  PROGRESSING: 'cyan',
}

/** The request as a block of lines: who it is, a bar, its steps. */
export function renderProgress(progress: Progress, now: number, canvas: Canvas): string[] {
  const paint = painter(canvas)
  const simulated = progress.simulated ? paint('yellow', ' SIMULATED') : ''
  const head = clean(`${progress.name} · ${progress.template} · generation ${progress.generation}`)
  const room = canvas.width === undefined ? Number.POSITIVE_INFINITY : canvas.width
  const state = progress.connected ? clean(progress.message) : 'the service is away, waiting for it'
  const bar = renderBar(progress.percent)
  const label = ` ${String(Math.round(progress.percent)).padStart(3)}%  ${progress.phase}  `
  return [
    `${paint('bold', cut(head, room - (progress.simulated ? 10 : 0)))}${simulated}`,
    `${paint(PHASE_STYLE[progress.phase] ?? 'gray', bar + label)}${cut(state, room - bar.length - label.length)}`,
    '',
    ...renderSteps(progress, now, canvas),
  ]
}

const BAR = 24

function renderBar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR)
  return '█'.repeat(full) + '░'.repeat(BAR - full)
}

function renderSteps(progress: Progress, now: number, canvas: Canvas): string[] {
  const paint = painter(canvas)
  const rows = progress.steps.map((step): Cell[] => {
    const time = elapsed(step, now)
    const style = (text: string) => paint(STEP_STYLE[step.state] ?? 'gray', text)
    return [
      { text: STEP_MARK[step.state] ?? '·', style },
      { text: step.name },
      { text: step.uses, style: (text) => paint('gray', text) },
      { text: step.state, style },
      { text: time === undefined ? '' : duration(time) },
      { text: step.message ?? '' },
    ]
  })
  const columns = [
    { title: ' ' },
    { title: 'STEP', min: 6 },
    { title: 'USES', min: 6 },
    { title: 'STATE' },
    { title: 'TIME' },
    { title: 'MESSAGE', min: 0 },
  ]
  return renderTable(columns, rows, { width: canvas.width, title: (text) => paint('gray', text) })
}

/** What a reader wants to know of a failed request, and nothing for any other. */
export function renderFailure(request: WireRequest, canvas: Canvas): string[] {
  const { error } = request.progress
  if (!error) return []
  const paint = painter(canvas)
  const object = (each: { kind: string; namespace?: string | undefined; name: string; reason?: string | undefined }) =>
    clean(
      `${each.kind} ${each.namespace ? `${each.namespace}/` : ''}${each.name}${each.reason ? `: ${each.reason}` : ''}`,
    )
  return [
    paint('red', clean(`${error.code}${error.step === null ? '' : ` in step ${error.step}`}: ${error.cause}`)),
    ...(error.undone.length > 0 ? [`undone: ${error.undone.map(object).join(', ')}`] : []),
    ...error.left.map((each) => paint('yellow', `left behind: ${object(each)}`)),
  ]
}

/** Many requests, one line each. */
export function renderList(requests: WireRequest[], canvas: Canvas): string[] {
  const paint = painter(canvas)
  const rows = requests.map((request): Cell[] => {
    const { provisioningRequestData: data, status, progress } = request
    const style = (text: string) => paint(PHASE_STYLE[status.provisioningPhase] ?? 'gray', text)
    return [
      { text: data.provisioningRequestId },
      { text: data.name },
      { text: `${data.templateName} ${data.templateVersion}` },
      { text: status.provisioningPhase, style },
      { text: `${Math.round(progress.percent)}%` },
      { text: progress.simulated ? 'simulated' : 'real' },
      { text: status.message },
    ]
  })
  const columns = [
    { title: 'ID', min: 36 },
    { title: 'NAME', min: 8 },
    { title: 'TEMPLATE', min: 8 },
    { title: 'PHASE' },
    { title: '%' },
    { title: 'KIND' },
    { title: 'MESSAGE', min: 0 },
  ]
  return renderTable(columns, rows, { width: canvas.width, title: (text) => paint('gray', text) })
}

function painter({ color }: Canvas): (style: Style, text: string) => string {
  return (style, text) => (color ? styleText(style, text, { validateStream: false }) : text)
}
