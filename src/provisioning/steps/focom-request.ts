import { z } from 'zod'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import type { JsonValue } from '../../json.ts'
import { FOCOM_REQUEST, O_CLOUD, TEMPLATE_INFO } from '../../operators/kinds.ts'
import { DIALECT_TABLE } from '../dialects.ts'
import type { Made, MadeObject } from '../record.ts'
import { applyAll, intendAll, planAll } from './apply-objects.ts'
import { clearForAnew, undoFocomRequest } from './focom-withdraw.ts'
import { createLedger } from './ledger.ts'
import { silenceSeconds } from './limits.ts'
import { lookAt, prepared } from './looking.ts'
import { refOf } from './object-order.ts'
import { ownerOf } from './ownership.ts'
import { waitForRequest } from './request-wait.ts'
import { clusterNameOf, completed, ended, playedAnnotations, requestNameOf, requireKinds } from './southbound.ts'
import { type Change, KNOWN_AFTER_APPLY, type Step, type StepContext } from './step.ts'
import { openTarget } from './target.ts'
import { ensureTemplateInfo, releaseTemplateInfo, templateInfoOf } from './template-info.ts'
import { throwIfLeft } from './withdraw.ts'

/** FoCoM finds a TemplateInfo by a name that is made of both. */
const INFO_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

const inputs = z
  .strictObject({
    /** The SMO's cluster, where FoCoM runs. */
    target: z.string().min(1),
    /** The O-Cloud that shall provision. */
    oCloud: z.string().min(1),
    namespace: z.string().min(1),
    /** The Secret with the O-Cloud's kubeconfig, in the same namespace. */
    secret: z.string().min(1),
    templateName: z.string().min(1),
    templateVersion: z.string().min(1),
    templateParameters: z.record(z.string(), z.json()).default({}),
    /** The schema of the parameters; FoCoM keeps it as text and does not read it. */
    templateParameterSchema: z.union([z.string().min(1), z.record(z.string(), z.json())]).default({ type: 'object' }),
    /** Gives up when neither FoCoM nor the O-Cloud's operator said anything new for so long. */
    silenceSeconds,
  })
  .refine(({ templateName, templateVersion }) => INFO_NAME.test(`${templateName}-${templateVersion}`), {
    message: 'with templateName it has to make a name as Kubernetes has them: no upper case, no _, no +',
    path: ['templateVersion'],
  })

type Inputs = z.infer<typeof inputs>

/** FoCoM speaks to Nephio's o2ims-operator alone. */
const DIALECT = DIALECT_TABLE.nephio

const SMO_KINDS = [
  { kind: O_CLOUD, definition: 'oclouds.focom.nephio.org' },
  { kind: TEMPLATE_INFO, definition: 'templateinfoes.provisioning.oran.org' },
  { kind: FOCOM_REQUEST, definition: 'focomprovisioningrequests.focom.nephio.org' },
]

/**
 * Has FoCoM ask an O-Cloud: OCloud, TemplateInfo and FocomProvisioningRequest, in this order, then waits on the request that FoCoM makes over there. We hold the O-Cloud's
 * kubeconfig ourselves, watch that request and believe it (nephio.md A.3).
 */
export const focomRequest: Step<Inputs> = {
  uses: 'focom-request',
  inputs,
  outputs: ['request', 'requestId', 'nodeClusterId', 'clusterName'],
  identity: ({ target, oCloud, namespace }) => `${target}/${oCloud}/${namespace}`,

  async plan(given, previous, context) {
    const smo = await context.cluster(given.target)
    const oCloud = given.oCloud === KNOWN_AFTER_APPLY ? undefined : await context.cluster(given.oCloud)
    const { own, info, request } = objectsOf(given, smo, context)
    const remote = refOf(remoteOf(request))
    const theirs: Change = { action: 'create', object: remote }
    if (smo === undefined) return [...own, info].map((object): Change => created(object)).concat(theirs)
    const wanted = await prepared(smo, own, given.namespace, ownerOf(context), context.signal)
    const changes = await planAll(smo, wanted, createLedger(given.target, previous, context), context)
    const { signal } = context
    if (await stands(smo, info, context)) changes.push({ action: 'none', object: refOf(info) })
    else changes.push(created(info))
    if (oCloud !== undefined && (await oCloud.get(remote, { signal })) !== undefined) theirs.action = 'none'
    return [...changes, theirs]
  },

  async apply(given, previous, context) {
    const smo = await openTarget(given.target, context)
    const oCloud = await openTarget(given.oCloud, context)
    await requireKinds(smo, SMO_KINDS, context)
    await requireKinds(oCloud, [DIALECT], context)
    const { signal } = context
    const owner = ownerOf(context)
    const ledger = createLedger(given.target, previous, context)
    const { own, info, request } = objectsOf(given, smo, context)
    const remote = refOf(remoteOf(request))
    const clusterName = clusterNameOf(request)
    Object.assign(ledger.notes, { clusterName, templateInfo: info.metadata.name })
    ledger.outputs = { request: request.metadata.name, clusterName }
    const wanted = await prepared(smo, own, given.namespace, owner, signal)
    const look = () => lookAt(smo, wanted, { owner, ledger, signal, wait: true })
    let looked = await look()
    const live = looked.find(({ ref }) => ref.kind === FOCOM_REQUEST.kind)?.live
    const standing = { smo, oCloud, dialect: DIALECT, live, wanted: request, remote, made: ledger.made() }
    if (await clearForAnew(standing, context)) looked = await look()
    ledger.intend(remote, await oCloud.get(remote, { signal }), given.oCloud)
    await intendAll(looked, ledger)
    await context.alone(given.target, async (context) => {
      const [before, after] = [looked.slice(0, 1), looked.slice(1)]
      await applyAll(smo, before, ledger, context)
      await ensureTemplateInfo(smo, info, context)
      await applyAll(smo, after, ledger, context)
      const earlier = previous?.notes.templateInfo
      if (typeof earlier === 'string' && earlier !== info.metadata.name)
        throwIfLeft(await releaseTemplateInfo(smo, { ...refOf(info), name: earlier }, context))
    })
    return ledger.made()
  },

  async verify({ oCloud: id, silenceSeconds }, made, context) {
    const smo = await openTarget(made.oCloudId ?? '', context)
    const oCloud = await openTarget(id, context)
    const request = made.objects.find(({ kind }) => kind === FOCOM_REQUEST.kind)
    const remote = { ...DIALECT.kind, name: String(made.outputs.request) }
    const focom = request && { cluster: smo, request }
    const view = await waitForRequest({ dialect: DIALECT, oCloud, remote, focom, silenceSeconds }, context)
    const uid = typeof view.remote === 'object' ? view.remote.metadata.uid : undefined
    return ended(withRemoteUid(made, uid), oCloud, view, context)
  },

  undo: (made, scope, context) => undoFocomRequest(made, scope, context),
}

const created = (object: KubernetesObject): Change => ({ action: 'create', object: refOf(object) })

async function stands(cluster: Cluster, object: KubernetesObject, { signal }: StepContext): Promise<boolean> {
  return (await cluster.get(refOf(object), { signal })) !== undefined
}

/** What FoCoM will make on the O-Cloud. */
const remoteOf = ({ metadata, spec }: KubernetesObject): KubernetesObject => ({
  ...DIALECT.kind,
  metadata: { name: metadata.name },
  spec,
})

function objectsOf(given: Inputs, smo: Cluster | undefined, context: StepContext) {
  const { namespace, templateName, templateVersion, templateParameterSchema: schema } = given
  const name = requestNameOf(DIALECT, context)
  const { name: called, description } = context.request.data
  const secretRef = { name: given.secret, namespace }
  const oCloud: KubernetesObject = { ...O_CLOUD, metadata: { name, namespace }, spec: { o2imsSecret: { secretRef } } }
  const annotations = smo === undefined ? {} : playedAnnotations(smo, context)
  const request: KubernetesObject = {
    ...FOCOM_REQUEST,
    metadata: { name, namespace, annotations },
    spec: {
      oCloudId: name,
      oCloudNamespace: namespace,
      // The copy on the O-Cloud takes text, and no null.
      name: called,
      description,
      templateName,
      templateVersion,
      templateParameters: completed(given.templateParameters, DIALECT, context),
    },
  }
  const text: JsonValue = typeof schema === 'string' ? schema : JSON.stringify(schema)
  const info = templateInfoOf(namespace, { templateName, templateVersion }, text)
  return { own: [oCloud, request], info, request }
}

/** The uid of what FoCoM made for us: with it an undo knows it again. */
function withRemoteUid(made: Made, uid: string | undefined): Made {
  const known = (object: MadeObject): MadeObject => {
    if (object.oCloudId === undefined || uid === undefined) return object
    const { intended: _, ...seen } = object
    return { ...seen, uid }
  }
  return { ...made, objects: made.objects.map(known) }
}
