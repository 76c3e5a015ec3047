import { type Command, Option } from 'commander'
import type { Api } from '../client/api.ts'
import { CommandFailure } from '../client/failure.ts'
import { pause } from '../client/pause.ts'
import { contextOf } from '../context.ts'
import { untilInterrupted } from '../interrupt.ts'

const LOOK_MS = 2_000
/** A service that is away for so long does not come back, and neither does its request. */
const AWAY_MS = 600_000

/** What is played, and the O-Cloud on which it is. */
interface Part {
  played: 'focom' | 'o2ims'
  oCloud: string
}

/** `o2ims play-operators <id>`, started by `demo --real` where the true operators cannot be had. */
export function addPlayOperators(program: Command): void {
  program
    .command('play-operators', { hidden: true })
    .description(
      'Plays FoCoM and the o2ims-operator for one request, on the clusters that it makes, until the request is gone. Not the true operators: for machines that cannot have their images.',
    )
    .argument('<id>', 'provisioningRequestId')
    .addOption(new Option('--focom <oCloud>', 'play FoCoM on this O-Cloud'))
    .addOption(new Option('--o2ims <oCloud>', 'play the o2ims-operator on this one'))
    .action(async (id: string, options: { focom?: string; o2ims?: string }, command: Command) => {
      const { api } = contextOf(command)
      const parts = (['focom', 'o2ims'] as const).flatMap((played): Part[] => {
        const oCloud = options[played]
        return oCloud === undefined ? [] : [{ played, oCloud }]
      })
      await untilInterrupted((signal) => play(api, id, { parts, signal }))
      // Watches of clusters that are gone would come back for ever.
      process.exit(0)
    })
}

async function play(api: Api, id: string, { parts, signal }: { parts: Part[]; signal: AbortSignal }): Promise<void> {
  const { playOperator } = await import('../../play-operators.ts')
  const waiting = new Set(parts)
  let answeredAt = Date.now()
  while (!signal.aborted && Date.now() - answeredAt < AWAY_MS) {
    try {
      if (!(await isThere(api, id))) return
      for (const part of waiting) {
        const kubeconfig = await kubeconfigOf(api, part.oCloud)
        if (kubeconfig === undefined) continue
        waiting.delete(part)
        playOperator(part.played, kubeconfig, signal)
      }
      answeredAt = Date.now()
    } catch (error) {
      if (!(error instanceof CommandFailure) || !error.retryable) throw error
    }
    await pause(LOOK_MS, signal)
  }
}

async function isThere(api: Api, id: string): Promise<boolean> {
  try {
    await api.get(id)
    return true
  } catch (error) {
    if (error instanceof CommandFailure && error.status === 404) return false
    throw error
  }
}

/** Undefined until the request has made that cluster. */
async function kubeconfigOf({ oClouds }: Api, name: string): Promise<string | undefined> {
  const found = (await oClouds.list()).find((oCloud) => oCloud.name === name)
  return found?.managed ? oClouds.kubeconfig(found.oCloudId) : undefined
}
