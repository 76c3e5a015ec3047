import { styleText } from 'node:util'
import type { WireObject, WireRequest } from '../client/wire.ts'
import { elapsed, type Progress } from './progress.ts'
import { type Cell, renderTable } from './table.ts'
import { clean, cut, duration, wrap } from './text.ts'

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

/** The request as a block of lines, none wider than the canvas: who it is, a bar, its steps. */
export function renderProgress(progress: Progress, now: number, canvas: Canvas): string[] {
  const paint = painter(canvas)
  const room = canvas.width ?? Number.POSITIVE_INFINITY
  const simulated = progress.simulated ? cut(' SIMULATED', room) : ''
  const head = clean(`${progress.name} · ${progress.template} · generation ${progress.generation}`)
  return [
    `${paint('bold', cut(head, room - simulated.length))}${paint('yellow', simulated)}`,
    ...renderState(progress, room, paint),
    '',
    ...renderSteps(progress, now, canvas),
  ]
}

const BAR = 24
/** As wide as ` 100%  PROGRESSING` gets. */
const LABEL = 18
/** Less room than this for the message: it gets a line of its own. */
const LEAST_MESSAGE = 20
const LEAST_BAR = 4

function renderState(progress: Progress, room: number, paint: Paint): string[] {
  const message = progress.connected ? clean(progress.message) : 'the service is away, waiting for it'
  const label = ` ${String(Math.round(progress.percent)).padStart(3)}%  ${progress.phase}`
  const style = PHASE_STYLE[progress.phase] ?? 'gray'
  if (room >= BAR + LABEL + 2 + LEAST_MESSAGE) {
    const bar = renderBar(progress.percent, BAR) + label
    return [`${paint(style, bar)}  ${cut(message, room - bar.length - 2)}`.trimEnd()]
  }
  const size = Math.min(BAR, room - LABEL)
  const bar = size < LEAST_BAR ? '' : renderBar(progress.percent, size)
  return [paint(style, cut((bar + label).trimStart(), room)), ...(message === '' ? [] : [cut(message, room)])]
}

function renderBar(percent: number, size: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * size)
  return '█'.repeat(full) + '░'.repeat(size - full)
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
    { title: 'USES', yields: 1 },
    { title: 'STATE', yields: 4 },
    { title: 'TIME', yields: 3 },
    { title: 'MESSAGE', min: LEAST_MESSAGE, yields: 2, below: true },
  ]
  return renderTable(columns, rows, { width: canvas.width, title: (text) => paint('gray', text) })
}

/** What a reader wants to know of a failed request, and nothing for any other. */
export function renderFailure(request: WireRequest, canvas: Canvas): string[] {
  const { error } = request.progress
  if (!error) return []
  const paint = painter(canvas)
  const lines = (text: string) => wrap(clean(text), canvas.width)
  return [
    ...lines(`${error.code}${error.step === null ? '' : ` in step ${error.step}`}: ${error.cause}`).map((line) =>
      paint('red', line),
    ),
    ...(error.undone.length > 0 ? lines(`undone: ${error.undone.map(objectText).join(', ')}`) : []),
    ...error.left.flatMap((each) => lines(`left behind: ${objectText(each)}`)).map((line) => paint('yellow', line)),
  ]
}

/** `Deployment ran/du`, and why it is told of. */
export function objectText({ kind, namespace, name, reason }: WireObject): string {
  return clean(`${kind} ${namespace ? `${namespace}/` : ''}${name}${reason ? `: ${reason}` : ''}`)
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
    { title: 'ID' },
    { title: 'NAME', min: 8, yields: 3 },
    { title: 'TEMPLATE', min: 8, yields: 1 },
    { title: 'PHASE', yields: 6, below: true },
    { title: '%', yields: 4 },
    { title: 'KIND', yields: 5, below: true },
    { title: 'MESSAGE', min: 16, yields: 2, below: true },
  ]
  return renderTable(columns, rows, { width: canvas.width, title: (text) => paint('gray', text) })
}

type Paint = (style: Style, text: string) => string

function painter({ color }: Canvas): Paint {
  return (style, text) => (color ? styleText(style, text, { validateStream: false }) : text)
}
