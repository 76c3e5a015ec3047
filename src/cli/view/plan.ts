import { styleText } from 'node:util'
import type { WirePlan } from '../client/wire.ts'
import type { Canvas } from './render.ts'
import { type Cell, renderTable } from './table.ts'

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
      return [
        { text: action, style },
        { text: `${object.kind} ${object.namespace ? `${object.namespace}/` : ''}${object.name}` },
        { text: object.apiVersion },
        { text: step.name },
      ]
    }),
  )
  const columns = [
    { title: 'ACTION' },
    { title: 'OBJECT', min: 12 },
    { title: 'API VERSION', min: 4 },
    { title: 'STEP', min: 4 },
  ]
  const count = (action: string) => counts.get(action) ?? 0
  return [
    ...(rows.length > 0 ? [...renderTable(columns, rows, { width: canvas.width }), ''] : []),
    `Dry run: ${count('create')} to create, ${count('update')} to update, ${count('delete')} to delete, ${count('none')} unchanged. Nothing was written.`,
  ]
}
