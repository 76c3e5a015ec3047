import { styleText } from 'node:util'
import type { WirePlan } from '../client/wire.ts'
import { type Canvas, objectText } from './render.ts'
import { type Cell, renderTable } from './table.ts'
import { wrap } from './text.ts'

const ACTION_STYLE: Record<string, 'green' | 'yellow' | 'red' | 'gray'> = {
  create: 'green',
  update: 'yellow',
  delete: 'red',
  none: 'gray',
}

/** A dry run as a table, and one line that counts. */
export function renderPlan(plan: WirePlan, canvas: Canvas): string[] {
  const counts = new Map<string, number>()
  const rows = plan.steps.flatMap((step) =>
    step.changes.map(({ action, object }): Cell[] => {
      counts.set(action, (counts.get(action) ?? 0) + 1)
      const style = (text: string) =>
        canvas.color ? styleText(ACTION_STYLE[action] ?? 'gray', text, { validateStream: false }) : text
      return [{ text: action, style }, { text: objectText(object) }, { text: object.apiVersion }, { text: step.name }]
    }),
  )
  const columns = [
    { title: 'ACTION' },
    { title: 'OBJECT', min: 12 },
    { title: 'API VERSION', min: 8, yields: 1 },
    { title: 'STEP', min: 4, yields: 2 },
  ]
  const count = (action: string) => counts.get(action) ?? 0
  return [
    ...(rows.length > 0 ? [...renderTable(columns, rows, { width: canvas.width }), ''] : []),
    ...wrap(
      `Dry run: ${count('create')} to create, ${count('update')} to update, ${count('delete')} to delete, ${count('none')} unchanged. Nothing was written.`,
      canvas.width,
    ),
  ]
}
