import type { Logger } from 'pino'
import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { writeStatus } from '../../clusters/simulated/controllers/write-status.ts'
import { messageOf, ServiceError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { behaviourOf, type OperatorBehaviour, passedOn } from '../behaviour.ts'
import { nowInSeconds } from '../controller.ts'
import { hasFinalizer, setFinalizer } from '../finalizer.ts'
import { PROVISIONING_REQUEST } from '../kinds.ts'
import { type FocomProfile, focomProfileFor } from '../profile.ts'
import { inWrongCase, type Told, toldOf } from './phases.ts'
import { FocomRefusal, type OpenCluster, openRemoteCluster, requireRemoteKind } from './remote-cluster.ts'
import { templateTrouble } from './template-check.ts'

const FINALIZER = 'focom.nephio.org/finalizer'

export interface FocomParts {
  /** The SMO's cluster. */
  cluster: Cluster
  openRemote: OpenCluster
  profile: FocomProfile
  annotations: boolean
  log: Logger
}

/**
 * Nephio's FoCoM operator for one FocomProvisioningRequest, its weaknesses included: one shot (a later change of the spec is not passed on), a failure of
 * any sort is for ever, nothing remote is watched. Answers after how many milliseconds it looks again.
 */
export function createFocomReconcile({ cluster, openRemote, profile, annotations, log }: FocomParts) {
  return async function reconcile(request: KubernetesObject): Promise<number | undefined> {
    const asked: OperatorBehaviour = annotations ? behaviourOf(request) : { behaviour: 'normal' }
    const { pollMs } = focomProfileFor(profile, asked)
    if (request.metadata.deletionTimestamp !== undefined) return await release(request, pollMs.deletion)
    if (!hasFinalizer(request, FINALIZER)) {
      await setFinalizer(cluster, request, FINALIZER)
      return 0
    }
    if (asked.behaviour === 'outage-failed-for-ever' && isLost(request)) return undefined
    const tell = (told: Told, remoteName?: string) =>
      write(request, asked.behaviour === 'wrong-case' ? inWrongCase(told) : told, remoteName)
    const trouble = await templateTrouble(cluster, request)
    if (trouble !== undefined) return await tell(failed(trouble))
    let remote: Cluster | undefined
    try {
      remote = await openRemoteCluster(cluster, request, openRemote)
      const remoteName = stringAt(request, 'status', 'remoteName')
      if (remoteName === undefined) {
        await requireRemoteKind(remote)
        await tell(CREATED, await create(remote, request))
        return pollMs.first
      }
      if (asked.behaviour === 'outage-failed-for-ever') throw new PollFailed(AWAY)
      const told = toldOf(await poll(remote, remoteName))
      await tell(told)
      return told.ended ? undefined : pollMs.next
    } catch (error) {
      if (!(error instanceof FocomRefusal)) throw error
      return await tell(failed(error.message))
    } finally {
      await remote?.close()
    }
  }

  /** The remote request goes, without being waited for; then the finalizer. Whatever is in the way: again later, for ever. */
  async function release(request: KubernetesObject, againMs: number): Promise<number | undefined> {
    if (!hasFinalizer(request, FINALIZER)) return undefined
    let remote: Cluster | undefined
    try {
      const name = stringAt(request, 'status', 'remoteName')
      if (name !== undefined) {
        remote = await openRemoteCluster(cluster, request, openRemote)
        await remote.delete({ ...PROVISIONING_REQUEST, name })
      }
      await setFinalizer(cluster, request, undefined)
      return undefined
    } catch (error) {
      const { name } = request.metadata
      log.info({ request: name, reason: messageOf(error) }, 'FoCoM cannot delete the remote request and tries again')
      return againMs
    } finally {
      await remote?.close()
    }
  }

  /** A status that cannot be written is given up, and with it the request: the true one drops that error too. */
  async function write(request: KubernetesObject, { phase, message }: Told, remoteName?: string): Promise<undefined> {
    const lastUpdated = nowInSeconds()
    try {
      await writeStatus(cluster, request, ({ status }): JsonObject => {
        return { ...status, phase, message, lastUpdated, ...(remoteName !== undefined && { remoteName }) }
      })
    } catch (error) {
      const { name } = request.metadata
      log.warn(
        { request: name, reason: messageOf(error) },
        'FoCoM cannot write a status and leaves the request as it is',
      )
    }
  }
}

const CREATED: Told = { phase: 'provisioning', message: 'Remote CR created, waiting for fulfillment', ended: false }
const POLL_ERROR = 'poll error: '
const AWAY = 'the API server is away: connection refused (simulated)'

class PollFailed extends FocomRefusal {
  constructor(reason: string, cause?: unknown) {
    super(`${POLL_ERROR}error fetching remote CR: ${reason}`, { cause })
  }
}

function failed(message: string): Told {
  return { phase: 'failed', message, ended: true }
}

function isLost(request: KubernetesObject): boolean {
  return stringAt(request, 'status', 'message')?.startsWith(POLL_ERROR) ?? false
}

/** Never adopts: a request of that name that is there already, from whomever, is the end. */
async function create(remote: Cluster, request: KubernetesObject): Promise<string> {
  const { name } = request.metadata
  const { spec = {} } = request
  const { templateName = '', templateVersion = '', templateParameters = {} } = spec
  const copy: JsonObject = {
    name: spec.name ?? '',
    description: spec.description ?? '',
    templateName,
    templateVersion,
    templateParameters,
  }
  try {
    await remote.apply(
      { ...PROVISIONING_REQUEST, metadata: { name, ...passedOn(request) }, spec: copy },
      { expect: 'absent' },
    )
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'CONFLICT') {
      const what = 'provisioningrequests.o2ims.provisioning.oran.org'
      throw new FocomRefusal(`${what} ${JSON.stringify(name)} already exists`, { cause: error })
    }
    throw new FocomRefusal(messageOf(error), { cause: error })
  }
  return name
}

async function poll(remote: Cluster, name: string): Promise<KubernetesObject | undefined> {
  try {
    return await remote.get({ ...PROVISIONING_REQUEST, name })
  } catch (error) {
    throw new PollFailed(messageOf(error), error)
  }
}
