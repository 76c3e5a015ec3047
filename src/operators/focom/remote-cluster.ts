import type { Cluster, KubernetesObject } from '../../clusters/cluster.ts'
import { stringAt } from '../../clusters/fields.ts'
import { messageOf } from '../../errors.ts'
import { KUBECONFIG_KEY, O_CLOUD, PROVISIONING_REQUEST, SECRET } from '../kinds.ts'

/** Opens the cluster to which a kubeconfig (secret) leads. */
export type OpenCluster = (kubeconfig: string) => Cluster | Promise<Cluster>

/** Why FoCoM gives a request up; the message is what it writes into the status. */
export class FocomRefusal extends Error {}

/**
 * From a request to the O-Cloud's cluster: OCloud, its Secret, the kubeconfig in there. A new client for each call, as the true FoCoM makes one;
 * the caller closes it.
 * @throws FocomRefusal
 */
export async function openRemoteCluster(
  cluster: Cluster,
  request: KubernetesObject,
  open: OpenCluster,
): Promise<Cluster> {
  const name = stringAt(request, 'spec', 'oCloudId') ?? ''
  const namespace = stringAt(request, 'spec', 'oCloudNamespace') ?? ''
  const oCloud = await orRefuse('failed to fetch OCloud', () => cluster.get({ ...O_CLOUD, namespace, name }))
  if (oCloud === undefined) throw new FocomRefusal(`OCloud ${name} not found in namespace ${namespace}`)
  const secretName = stringAt(oCloud, 'spec', 'o2imsSecret', 'secretRef', 'name') ?? ''
  const secretNamespace = stringAt(oCloud, 'spec', 'o2imsSecret', 'secretRef', 'namespace') ?? ''
  if (secretName === '' || secretNamespace === '') {
    throw new FocomRefusal(`OCloud ${namespace}/${name} references an empty secretRef`)
  }
  const where = `${secretNamespace}/${secretName}`
  const secret = await orRefuse(`cannot read secretRef ${where}`, () =>
    cluster.get({ ...SECRET, namespace: secretNamespace, name: secretName }),
  )
  if (secret === undefined) throw new FocomRefusal(`cannot read secretRef ${where}: Secret "${secretName}" not found`)
  const data = stringAt(secret, 'data', KUBECONFIG_KEY) ?? ''
  if (data === '') throw new FocomRefusal(`secret ${where} missing 'kubeconfig' key`)
  return await orRefuse(`failed to parse kubeconfig from secret ${where}`, async () =>
    open(Buffer.from(data, 'base64').toString('utf8')),
  )
}

/**
 * A cluster whose definition of ProvisioningRequest is missing has no client at all.
 * @throws FocomRefusal
 */
export async function requireRemoteKind(remote: Cluster): Promise<void> {
  const scope = await orRefuse('failed to create remote cluster', () => remote.scope(PROVISIONING_REQUEST))
  if (scope !== undefined) return
  const { apiVersion } = PROVISIONING_REQUEST
  throw new FocomRefusal(
    `unable to retrieve the complete list of server APIs: ${apiVersion}: no matches for ${apiVersion}, Resource=`,
  )
}

async function orRefuse<T>(words: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new FocomRefusal(`${words}: ${messageOf(error)}`, { cause: error })
  }
}
