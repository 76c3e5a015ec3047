import type { Progress } from './progress.ts'
import { renderProgress } from './render.ts'
import type { Terminal } from './terminal.ts'
import { clean } from './text.ts'

/** Shows a request while it is followed. */
export interface FollowScreen {
  show(progress: Progress): void
  /** The last state stays on the screen. */
  close(): void
}

const REDRAW_MS = 200

/** One table that is drawn in place; the time of a running step goes on between events. */
export function createLiveScreen(terminal: Terminal): FollowScreen {
  let current: Progress | undefined
  const draw = () => {
    if (current) terminal.draw(renderProgress(current, Date.now(), terminal.canvas()))
  }
  const timer = setInterval(draw, REDRAW_MS)
  return {
    show(progress) {
      const first = current === undefined
      current = progress
      if (first) draw()
    },
    close() {
      clearInterval(timer)
      draw()
      terminal.settle()
    },
  }
}

/** One line for each change, for logs and pipes. */
export function createPlainScreen(terminal: Terminal): FollowScreen {
  let shown: Progress | undefined
  return {
    show(progress) {
      for (const line of changes(shown, progress)) terminal.print(line)
      shown = progress
    },
    close() {
      shown = undefined
    },
  }
}

/** What is new between two states of a request, as plain lines. Pure. */
export function changes(before: Progress | undefined, now: Progress): string[] {
  const lines: string[] = []
  const percent = `${String(Math.round(now.percent)).padStart(3)}%`
  const say = (...parts: string[]) => lines.push([percent, ...parts.map(clean)].join('  ').trimEnd())
  if (!before) lines.push(clean(`${now.name} (${now.id}), ${now.template}${now.simulated ? ', SIMULATED' : ''}`))
  else if (before.connected !== now.connected)
    lines.push(now.connected ? 'the service is back' : 'the service is away, waiting for it')
  for (const step of now.steps) {
    const old = before?.steps.find((each) => each.name === step.name) ?? { state: 'PENDING', message: undefined }
    const news = old.state !== step.state || (step.message !== undefined && old.message !== step.message)
    if (news) say(step.name, step.state, step.message ?? '')
  }
  // The message of a request that runs is that of a step, which has a line already.
  const told = now.steps.some(({ name, message }) => now.message === `${name}: ${message}`)
  if (before?.phase !== now.phase || (before.message !== now.message && !told)) say(now.phase, now.message)
  return lines
}
