import { styleText } from 'node:util'
import type { WireOCloud } from '../client/wire.ts'
import { documentText } from '../form.ts'
import type { Canvas } from './render.ts'
import { type Cell, renderTable } from './table.ts'
import { cleanLines } from './text.ts'

/** Many O-Clouds, one line each. */
export function renderOClouds(oClouds: WireOCloud[], canvas: Canvas): string[] {
  if (oClouds.length === 0) return ['There are no O-Clouds yet.']
  const paint = (style: 'green' | 'red' | 'gray', text: string) =>
    canvas.color ? styleText(style, text, { validateStream: false }) : text
  const rows = oClouds.map((oCloud): Cell[] => {
    const { status } = oCloud
    const reachable = status?.reachable ?? false
    return [
      { text: oCloud.name },
      { text: kindOf(oCloud) },
      { text: reachable ? 'reachable' : 'away', style: (text) => paint(reachable ? 'green' : 'red', text) },
      { text: status?.version ?? '' },
      { text: String(status?.nodes ?? '') },
      { text: capacityOf(oCloud) },
      { text: oCloud.oCloudId },
    ]
  })
  const columns = [
    { title: 'NAME', min: 8 },
    { title: 'KIND' },
    { title: 'STATE' },
    { title: 'VERSION', yields: 2 },
    { title: 'NODES', yields: 3 },
    { title: 'CAPACITY', yields: 1 },
    { title: 'ID', yields: 4, below: true },
  ]
  return renderTable(columns, rows, { width: canvas.width, title: (text) => paint('gray', text) })
}

/** One O-Cloud, as what the service says of it. */
export function renderOCloud(oCloud: WireOCloud): string[] {
  return cleanLines(documentText(oCloud, 'yaml')).split('\n')
}

function kindOf({ simulated, managed, madeBy }: WireOCloud): string {
  if (managed) return `${simulated ? 'simulated, made' : 'made'}${madeBy ? ` by ${madeBy.provisioningRequestId}` : ''}`
  return simulated ? 'simulated' : 'registered'
}

function capacityOf({ status }: WireOCloud): string {
  const { cpu, memory } = status?.capacity ?? {}
  return [cpu && `${cpu} CPU`, memory].filter(Boolean).join(', ')
}
