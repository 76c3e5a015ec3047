import type { JsonObject } from '../../../json.ts'
import type { KubernetesObject } from '../../cluster.ts'
import { listAt, stringAt } from '../../fields.ts'
import { condition, stamp } from './conditions.ts'
import { imageNameFault } from './image-name.ts'

/** On a pod (or in the template of one): how it goes wrong instead of running. `o2ims.simulated/log` says what it prints. */
export const TROUBLE_ANNOTATION = 'o2ims.simulated/trouble'

/** The status of a pod whose image cannot be pulled or is no name of one, that crashes again and again, or whose run fails; undefined for one that is well. */
export function troubledStatus(pod: KubernetesObject): JsonObject | undefined {
  const images = listAt(pod, 'spec', 'containers').map((container) => stringAt(container, 'image') ?? '')
  if (images.some((image) => imageNameFault(image) !== undefined))
    return waitingStatus(pod, (image): JsonObject => {
      const message = imageNameFault(image)
      return message === undefined ? { reason: 'ContainerCreating' } : { reason: 'InvalidImageName', message }
    })
  switch (pod.metadata.annotations?.[TROUBLE_ANNOTATION]) {
    case 'image':
      return waitingStatus(pod, (image) => ({
        reason: 'ImagePullBackOff',
        message: `Back-off pulling image "${image}"`,
      }))
    case 'crash':
      return {
        phase: 'Running',
        conditions: [condition(pod, 'PodScheduled', 'True', 'Simulated', ''), notReady(pod)],
        containerStatuses: containers(pod, 3, () => ({
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' } },
          lastState: { terminated: { exitCode: 1, reason: 'Error' } },
        })),
      }
    case 'fail':
      return {
        ...pod.status,
        phase: 'Failed',
        conditions: [condition(pod, 'PodScheduled', 'True', 'Simulated', ''), notReady(pod)],
        containerStatuses: containers(pod, 0, () => ({
          state: { terminated: { exitCode: 1, reason: 'Error', finishedAt: endOf(pod) } },
        })),
      }
    default:
      return undefined
  }
}

const waitingStatus = (pod: KubernetesObject, waiting: (image: string) => JsonObject): JsonObject => ({
  phase: 'Pending',
  conditions: [condition(pod, 'PodScheduled', 'True', 'Simulated', ''), notReady(pod)],
  containerStatuses: containers(pod, 0, (image) => ({ state: { waiting: waiting(image) } })),
})

/** Once said it stays: a status that changes with every look is written with every look. */
function endOf(pod: KubernetesObject): string {
  const [before] = listAt(pod, 'status', 'containerStatuses')
  return stringAt(before, 'state', 'terminated', 'finishedAt') ?? stamp()
}

const notReady = (pod: KubernetesObject): JsonObject =>
  condition(pod, 'Ready', 'False', 'ContainersNotReady', 'containers with unready status')

function containers(pod: KubernetesObject, restartCount: number, stateOf: (image: string) => JsonObject): JsonObject[] {
  return listAt(pod, 'spec', 'containers').map((container) => {
    const image = stringAt(container, 'image') ?? ''
    const name = stringAt(container, 'name') ?? ''
    return { name, image, imageID: '', ready: false, started: false, restartCount, ...stateOf(image) }
  })
}
