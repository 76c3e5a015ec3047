import { z } from 'zod'
import { OBSERVED } from '../report-observed.ts'
import { isWorkload } from './object-order.ts'
import { observe } from './observe.ts'
import type { Step } from './step.ts'

const inputs = z.strictObject({})

/** Makes nothing: says what stands at the end, from what the other steps made and what the O-Clouds answer. */
export const report: Step<z.infer<typeof inputs>> = {
  uses: 'report',
  inputs,
  outputs: [OBSERVED],
  always: true,

  async plan() {
    return []
  },

  async apply(_inputs, _previous, context) {
    const objects = context.steps.flatMap(({ made }) =>
      (made?.objects ?? [])
        .filter(({ action }) => action !== 'deleted')
        .map((object) => ({ ...object, oCloudId: made?.oCloudId ?? '' })),
    )
    const ids = new Set(context.steps.flatMap(({ made }) => made?.oCloudId ?? []))
    const seen = await observe(objects, [...ids], context)
    const workloads = objects.filter(isWorkload)
    const nodes = seen.oClouds.reduce((sum, oCloud) => sum + (oCloud.nodes ?? 0), 0)
    const line = `${counted(objects.length, 'object')}, ${counted(workloads.length, 'workload')} on ${counted(nodes, 'node')}`
    return { objects: [], outputs: { [OBSERVED]: JSON.parse(JSON.stringify(seen)) }, notes: { summary: line } }
  },

  async verify(_inputs, made) {
    return made
  },

  async undo() {
    return { undone: [], left: [] }
  },
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
