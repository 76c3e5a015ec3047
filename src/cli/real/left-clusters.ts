import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { CommandFailure } from '../client/failure.ts'
import { runTool } from '../doctor/run-tool.ts'

/** Every node of a cluster that an o2ims made mounts a folder here, named after the request. */
const OWNER_FOLDER = '/etc/o2ims.dev/owner/'
const CLUSTER_LABEL = 'io.x-k8s.kind.cluster'
const DOCKER_LIMIT_MS = 30_000
const DELETE_LIMIT_MS = 120_000

const containers = z.array(
  z.object({
    Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
    HostConfig: z.object({ Binds: z.array(z.string()).nullish() }),
  }),
)

/**
 * Clusters of kind's that an o2ims made and that are still there: another one's, or nobody's any more. They stay, and lines say how to remove them; with `remove` those with the
 * demo's names go.
 */
export async function removeClusters(
  { smo, edgeCluster }: { smo: string; edgeCluster: string },
  { remove, env }: { remove: boolean; env: NodeJS.ProcessEnv },
): Promise<string[]> {
  const left: string[] = []
  for (const name of await clustersOfO2ims(env)) {
    if (remove && (name === smo || name === edgeCluster)) await deleteCluster(name, env)
    else
      left.push(
        `kind cluster ${name} stays: an o2ims made it, and make ocloud has no record of that here. Where nobody uses it: kind delete cluster --name ${name}`,
      )
  }
  return left
}

/** Empty where docker is not there, or does not answer at all: then there are none, or nobody can tell. */
async function clustersOfO2ims(env: NodeJS.ProcessEnv): Promise<string[]> {
  const docker = (...args: string[]) => runTool('docker', args, env, DOCKER_LIMIT_MS)
  const listed = await docker('ps', '--all', '--quiet', '--filter', `label=${CLUSTER_LABEL}`)
  const ids = listed.exitCode === 0 ? listed.stdout.split('\n').filter((line) => /^[0-9a-f]+$/.test(line)) : []
  if (ids.length === 0) return []
  const inspected = await docker('inspect', '--type', 'container', ...ids)
  // Exit code 1 with the others' description: one went between the two calls.
  if (inspected.exitCode !== 0 && !inspected.said.includes('No such container'))
    throw new CommandFailure(`nobody can tell which kind clusters are left: ${inspected.said}`, { exitCode: 8 })
  const found = containers
    .parse(JSON.parse(inspected.stdout))
    .filter(({ HostConfig }) => (HostConfig.Binds ?? []).some((bind) => bind.split(':')[1]?.startsWith(OWNER_FOLDER)))
  return [...new Set(found.flatMap(({ Config }) => Config.Labels?.[CLUSTER_LABEL] ?? []))]
}

async function deleteCluster(name: string, env: NodeJS.ProcessEnv): Promise<void> {
  // kind takes a context out of a kubeconfig: it gets an empty one, and nobody's is touched.
  const folder = await mkdtemp(join(tmpdir(), 'o2ims-clean-'))
  try {
    const args = ['delete', 'cluster', '--name', name, '--kubeconfig', join(folder, 'kubeconfig')]
    const { exitCode, said } = await runTool('kind', args, env, DELETE_LIMIT_MS)
    if (exitCode !== 0) throw new CommandFailure(`kind cluster ${name} cannot be removed: ${said}`, { exitCode: 8 })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
