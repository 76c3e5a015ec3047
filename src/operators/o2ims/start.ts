import type { Logger } from 'pino'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { startInformer } from '../../clusters/informer.ts'
import { pause } from '../../clusters/simulated/pause.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import { behaviourOf, type OperatorBehaviour } from '../behaviour.ts'
import { refOf } from '../controller.ts'
import { PROVISIONING_REQUEST } from '../kinds.ts'
import { type O2imsProfile, o2imsProfileFor } from '../profile.ts'
import { passNewGeneration } from './new-generation.ts'
import { type HandlerParts, runOldGeneration } from './old-generation.ts'

export interface O2imsParts {
  cluster: Cluster
  profile: O2imsProfile
  annotations: boolean
  signal: AbortSignal
  log: Logger
}

/**
 * Nephio's o2ims-operator: its handler runs once for each request that is made, and for each that is there when the operator starts. It hears of no change and of no
 * deletion, and holds nothing by a finalizer.
 */
export function startO2imsOperator({ cluster, profile, annotations, signal, log }: O2imsParts): void {
  const sessions = new Map<string, AbortController>()
  startInformer({
    cluster,
    kind: PROVISIONING_REQUEST,
    signal,
    log,
    onChange(key, after, before) {
      if (after !== undefined && before?.metadata.uid === after.metadata.uid) return
      sessions.get(key)?.abort()
      sessions.delete(key)
      if (after === undefined || after.metadata.deletionTimestamp !== undefined) return
      const session = new AbortController()
      sessions.set(key, session)
      void handle(after, AbortSignal.any([signal, session.signal]))
    },
  })

  async function handle(found: KubernetesObject, ended: AbortSignal): Promise<void> {
    const behaviour: OperatorBehaviour & { refused?: string } = annotations
      ? behaviourOf(found)
      : { behaviour: 'normal' }
    const own = o2imsProfileFor(profile, behaviour)
    const run = async () => {
      for (;;) {
        const request = await cluster.get(refOf(found), { signal: ended })
        if (request?.metadata.uid !== found.metadata.uid || request === undefined) return
        const parts: HandlerParts = { cluster, request, profile: own, behaviour, signal: ended }
        const again = own.generation === 'old' ? await runOldGeneration(parts) : await passNewGeneration(parts)
        if (again === undefined) return
        await pause(again, ended)
        ended.throwIfAborted()
      }
    }
    await untilDone(found, run, own.observeMs, ended)
    if (behaviour.behaviour !== 'restart') return
    await pause(2 * own.stepMs, ended)
    if (!ended.aborted) await untilDone(found, run, own.observeMs, ended)
  }

  /** kopf calls a handler again after an error that nobody foresaw, but not after one that it takes for the end. */
  async function untilDone(
    { metadata }: KubernetesObject,
    run: () => Promise<void>,
    againMs: number,
    ended: AbortSignal,
  ): Promise<void> {
    while (!ended.aborted) {
      try {
        return await run()
      } catch (error) {
        if (ended.aborted) return
        const passing = error instanceof ServiceError && (error.retryable || error.code === 'CONFLICT')
        log.warn({ request: metadata.name, passing, reason: messageOf(error) }, 'the o2ims-operator failed')
        if (!passing) return
      }
      await pause(againMs, ended)
    }
  }
}
