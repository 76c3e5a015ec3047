import { z } from 'zod'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { DIALECT_TABLE, DIALECTS } from '../dialects.ts'
import type { Made } from '../record.ts'
import { applyAll, intendAll, planAll } from './apply-objects.ts'
import { differences } from './differences.ts'
import { createLedger } from './ledger.ts'
import { silenceSeconds } from './limits.ts'
import { lookAt, prepared } from './looking.ts'
import { refOf } from './object-order.ts'
import { ownerOf } from './ownership.ts'
import { toRemove } from './remove-objects.ts'
import { waitForRequest } from './request-wait.ts'
import { clusterNameOf, completed, ended, playedAnnotations, requestNameOf, requireKinds } from './southbound.ts'
import type { Step, StepContext } from './step.ts'
import { openTarget, openTargetForUndo } from './target.ts'
import { throwIfLeft, withdrawRequest } from './withdraw.ts'

const inputs = z.strictObject({
  /** The O-Cloud whose operator is asked. */
  target: z.string().min(1),
  /** How that operator is talked to. */
  dialect: z.enum(DIALECTS).default('nephio'),
  templateName: z.string().min(1),
  templateVersion: z.string().min(1),
  templateParameters: z.record(z.string(), z.json()).default({}),
  /** Gives up when the operator said nothing new for so long. */
  silenceSeconds,
})

type Inputs = z.infer<typeof inputs>

/** Asks the operator of an O-Cloud directly, by the custom resource that FoCoM would make there, and waits by watching until it has provisioned. */
export const o2imsRequest: Step<Inputs> = {
  uses: 'o2ims-request',
  inputs,
  outputs: ['request', 'requestId', 'nodeClusterId', 'clusterName'],

  async plan(given, previous, context) {
    const cluster = await context.cluster(given.target)
    const object = requestOf(given, cluster, context)
    if (cluster === undefined) return [{ action: 'create', object: refOf(object) }]
    const wanted = await prepared(cluster, [object], '', ownerOf(context), context.signal)
    return planAll(cluster, wanted, createLedger(given.target, previous, context), context)
  },

  async apply(given, previous, context) {
    const dialect = DIALECT_TABLE[given.dialect]
    const cluster = await openTarget(given.target, context)
    await requireKinds(cluster, [dialect], context)
    const owner = ownerOf(context)
    const ledger = createLedger(given.target, previous, context)
    const object = requestOf(given, cluster, context)
    const wanted = await prepared(cluster, [object], '', owner, context.signal)
    const look = () => lookAt(cluster, wanted, { owner, ledger, signal: context.signal, wait: true })
    let looked = await look()
    const live = looked[0]?.live
    if (live !== undefined && hasToBeAnew(live, object, dialect)) {
      throwIfLeft(await withdrawRequest(cluster, refOfMade(live), ledger.made(), context))
      looked = await look()
    }
    const clusterName = clusterNameOf(object)
    ledger.notes.clusterName = clusterName
    ledger.outputs = { request: object.metadata.name, clusterName }
    await intendAll(looked, ledger)
    await applyAll(cluster, looked, ledger, context)
    return ledger.made()
  },

  async verify({ dialect: name, silenceSeconds }, made, context) {
    const dialect = DIALECT_TABLE[name]
    const oCloud = await openTarget(made.oCloudId ?? '', context)
    const remote = { ...dialect.kind, name: String(made.outputs.request) }
    const view = await waitForRequest({ dialect, oCloud, remote, silenceSeconds }, context)
    return ended(made, oCloud, view, context)
  },

  async undo(made, scope, context) {
    const objects = toRemove(made, scope, context.request.generation)
    const cluster = await openTargetForUndo(made, objects, context)
    if ('left' in cluster) return cluster
    const [request] = objects
    return request === undefined ? { undone: [], left: [] } : withdrawRequest(cluster, request, made, context)
  },
}

function requestOf(given: Inputs, cluster: Cluster | undefined, context: StepContext): KubernetesObject {
  const dialect = DIALECT_TABLE[given.dialect]
  const { name, description } = context.request.data
  const annotations = cluster === undefined ? {} : playedAnnotations(cluster, context)
  return {
    ...dialect.kind,
    metadata: { name: requestNameOf(dialect, context), annotations },
    spec: {
      name,
      description,
      templateName: given.templateName,
      templateVersion: given.templateVersion,
      templateParameters: completed(given.templateParameters, dialect, context),
    },
  }
}

/** One that has failed is not looked at again; one that is changed is not, either, unless its operator follows changes. */
function hasToBeAnew(live: KubernetesObject, wanted: KubernetesObject, dialect: (typeof DIALECT_TABLE)['nephio']) {
  if (dialect.says(live).phase === 'FAILED') return true
  return !dialect.followsChanges && differences(wanted.spec, live.spec).length > 0
}

const refOfMade = (live: KubernetesObject): Made['objects'][number] => ({
  ...refOf(live),
  uid: live.metadata.uid,
  action: 'unchanged',
})
