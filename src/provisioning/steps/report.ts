import { z } from 'zod'
import type { JsonObject } from '../../json.ts'
import type { MadeObject } from '../record.ts'
import { isWorkload } from './object-order.ts'
import type { Step, StepContext } from './step.ts'

const inputs = z.strictObject({})

/** Makes nothing: says what stands at the end, from what the other steps made and what the O-Clouds answer. */
export const report: Step<z.infer<typeof inputs>> = {
  uses: 'report',
  inputs,
  outputs: ['summary'],
  always: true,

  async plan() {
    return []
  },

  async apply(_inputs, _previous, context) {
    const objects = context.steps
      .flatMap(({ made }) => made?.objects ?? [])
      .filter(({ action }) => action !== 'deleted')
    const workloads = objects.filter(isWorkload)
    const oClouds = await oCloudsOf(context)
    const summary: JsonObject = { oClouds, workloads: workloads.map(described), objects: objects.length }
    const nodes = oClouds.reduce((sum, oCloud) => sum + (typeof oCloud.nodes === 'number' ? oCloud.nodes : 0), 0)
    const line = `${counted(objects.length, 'object')}, ${counted(workloads.length, 'workload')} on ${counted(nodes, 'node')}`
    return { objects: [], outputs: { summary }, notes: { summary: line } }
  },

  async verify(_inputs, made) {
    return made
  },

  async undo() {
    return { undone: [], left: [] }
  },
}

async function oCloudsOf(context: StepContext): Promise<JsonObject[]> {
  const ids = new Set(context.steps.map(({ made }) => made?.oCloudId).filter((id) => id !== undefined))
  const described: JsonObject[] = []
  for (const oCloudId of ids) {
    const { reachable, version, nodes } = await context.status(oCloudId)
    described.push({
      oCloudId,
      reachable,
      ...(version !== undefined && { version }),
      ...(nodes !== undefined && { nodes }),
    })
  }
  return described
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const described = ({ apiVersion, kind, namespace, name, uid }: MadeObject): JsonObject => ({
  apiVersion,
  kind,
  ...(namespace !== undefined && { namespace }),
  name,
  ...(uid !== undefined && { uid }),
})
