import { randomUUID } from 'node:crypto'
import { CommandFailure } from '../client/failure.ts'
import type { OCloudApi } from '../client/o-cloud-api.ts'
import { isRegistered, type KubeconfigFile, registerKubeconfig } from './kubeconfig-o-cloud.ts'
import { type SeedTargets, seedNames } from './request.ts'
import type { SeedSettings } from './settings.ts'

/** The O-Clouds that the request will name: from the kubeconfig files, registered where they are not, or as they stand. */
export async function seedTargets(oClouds: OCloudApi, settings: SeedSettings): Promise<SeedTargets> {
  const names = seedNames(settings)
  const [smo, edge] = filesOf(settings)
  return {
    ...(smo && { smo: (await registerKubeconfig(oClouds, names.smo, smo)).oCloud.name }),
    ...(settings.skipKind && !smo && { smo: await standing(oClouds, names.smo, 'SMO_KUBECONFIG') }),
    ...(edge && { edge: (await registerKubeconfig(oClouds, names.edge, edge)).oCloud.name }),
    ...(settings.skipKind && !edge && { edge: await standing(oClouds, names.edge, 'EDGE_KUBECONFIG') }),
  }
}

/**
 * The same for a dry run, which leaves nothing behind: what has to be registered is, under a name of its own, for as long as `plan` takes.
 */
export async function withPassingTargets<T>(
  oClouds: OCloudApi,
  settings: SeedSettings,
  plan: (targets: SeedTargets) => Promise<T>,
): Promise<T> {
  const names = seedNames(settings)
  const [smo, edge] = filesOf(settings)
  const passing: string[] = []
  const pass = async (name: string, from: KubeconfigFile) => {
    if (await isRegistered(oClouds, name, from)) return name
    const { oCloud } = await registerKubeconfig(oClouds, `dry-run-${randomUUID()}`, from)
    passing.push(oCloud.oCloudId)
    return oCloud.name
  }
  try {
    return await plan({
      ...(smo && { smo: await pass(names.smo, smo) }),
      ...(settings.skipKind && !smo && { smo: await standing(oClouds, names.smo, 'SMO_KUBECONFIG') }),
      ...(edge && { edge: await pass(names.edge, edge) }),
      ...(settings.skipKind && !edge && { edge: await standing(oClouds, names.edge, 'EDGE_KUBECONFIG') }),
    })
  } finally {
    for (const oCloudId of passing) await oClouds.remove(oCloudId)
  }
}

/** SMO_KUBECONFIG is read with --skip-kind only: else it is where the made cluster's one goes. */
function filesOf({ skipKind, smoKubeconfig, edgeKubeconfig }: SeedSettings): (KubeconfigFile | undefined)[] {
  return [
    skipKind && smoKubeconfig !== undefined ? { variable: 'SMO_KUBECONFIG', file: smoKubeconfig } : undefined,
    edgeKubeconfig === undefined ? undefined : { variable: 'EDGE_KUBECONFIG', file: edgeKubeconfig },
  ]
}

async function standing(oClouds: OCloudApi, name: string, variable: string): Promise<string> {
  const found = (await oClouds.list()).some((oCloud) => oCloud.name === name)
  if (found) return name
  throw new CommandFailure(`--skip-kind needs ${variable}, or an O-Cloud that is called ${name}`, {
    hint: `export ${variable}=FILE, or register it: o2ims ocloud add ${name} --kubeconfig FILE`,
  })
}
