import { createHash } from 'node:crypto'
import { parse } from 'yaml'
import { z } from 'zod'
import { CommandFailure } from '../client/failure.ts'
import type { OCloudApi } from '../client/o-cloud-api.ts'
import type { WireOCloud } from '../client/wire.ts'
import { readText } from '../request-file.ts'

/** Labels by which the next run knows what it registered: which cluster, and with which credentials. Hashes; nothing can be guessed from them. */
const CLUSTER = 'o2ims.dev/cluster'
const KUBECONFIG = 'o2ims.dev/kubeconfig'

/** What the service adds to what was posted. */
const ANSWERED = ['oCloudId', 'simulated', 'managed', 'madeBy', 'createdAt', 'status']

const kubeconfigSchema = z.looseObject({
  'current-context': z.string(),
  contexts: z.array(z.looseObject({ name: z.string(), context: z.looseObject({ cluster: z.string() }) })),
  clusters: z.array(
    z.looseObject({
      name: z.string(),
      cluster: z.looseObject({ server: z.string(), 'certificate-authority-data': z.string().optional() }),
    }),
  ),
})

export interface KubeconfigFile {
  /** The variable that names the file. */
  variable: string
  file: string
}

/**
 * Registers the cluster of a kubeconfig file under `name`, once: the same file again changes nothing, renewed credentials for the same cluster are stored. Rejects with a
 * CommandFailure when the name belongs to another cluster.
 */
export async function registerKubeconfig(
  oClouds: OCloudApi,
  name: string,
  from: KubeconfigFile,
): Promise<{ oCloud: WireOCloud; created: boolean }> {
  const kubeconfig = await readText(from.file)
  const labels = { [CLUSTER]: digest(clusterIn(kubeconfig, from)), [KUBECONFIG]: digest(kubeconfig) }
  const standing = (await oClouds.list()).find((oCloud) => oCloud.name === name)
  if (!standing) {
    const description = `registered by "o2ims provision" from ${from.variable}`
    return { oCloud: await oClouds.create({ name, description, labels, kubeconfig }), created: true }
  }
  if (standing.labels?.[CLUSTER] !== labels[CLUSTER])
    throw new CommandFailure(
      `${from.variable}: an O-Cloud ${name} is there already, and is not known to be the same cluster`,
      {
        hint: standing.managed
          ? `a request made it; leave ${from.variable} unset to use it`
          : `use it by leaving ${from.variable} unset, or remove it with "o2ims ocloud rm ${name}"`,
      },
    )
  if (standing.labels[KUBECONFIG] === labels[KUBECONFIG]) return { oCloud: standing, created: false }
  const posted = Object.fromEntries(Object.entries(standing).filter(([field]) => !ANSWERED.includes(field)))
  const renewed = { ...posted, labels: { ...standing.labels, ...labels }, kubeconfig }
  return { oCloud: await oClouds.replace(standing.oCloudId, renewed), created: false }
}

/** Is the cluster of that file registered under `name` already? Changes nothing. */
export async function isRegistered(oClouds: OCloudApi, name: string, from: KubeconfigFile): Promise<boolean> {
  const cluster = digest(clusterIn(await readText(from.file), from))
  return (await oClouds.list()).some((oCloud) => oCloud.name === name && oCloud.labels?.[CLUSTER] === cluster)
}

/** Server and CA of the current context. */
function clusterIn(kubeconfig: string, { variable, file }: KubeconfigFile): string {
  const parsed = kubeconfigSchema.safeParse(parseYaml(kubeconfig))
  if (parsed.success) {
    const { contexts, clusters, 'current-context': current } = parsed.data
    const context = contexts.find((each) => each.name === current)?.context
    const cluster = clusters.find((each) => each.name === context?.cluster)?.cluster
    if (cluster) return `${cluster.server} ${cluster['certificate-authority-data'] ?? ''}`
  }
  throw new CommandFailure(`${variable}: ${file} is no kubeconfig with a current context`)
}

/** Undefined for what is no YAML; its content goes into no error. */
function parseYaml(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)
