import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { runTool } from '../doctor/run-tool.ts'
import { firstLine } from '../doctor/tools.ts'
import type { SeedSettings } from '../seed/settings.ts'

const DEPLOYMENT = fileURLToPath(new URL('../../../samples/packages/focom-operator/deployment.yaml', import.meta.url))
const REGISTRY_LIMIT_MS = 20_000

export const FOCOM_CHOICES = ['auto', 'package', 'played'] as const
export type FocomChoice = (typeof FOCOM_CHOICES)[number]

/** Who is played, and why in words. */
export interface Casting {
  focom: boolean
  o2ims: boolean
  lines: string[]
}

/**
 * Which operators are played: FoCoM where its image cannot be had from here; the o2ims-operator on an edge that kind makes, because such an edge has none and its true one builds on
 * Porch and Cluster API.
 */
export async function cast(settings: SeedSettings, choice: FocomChoice, env: NodeJS.ProcessEnv): Promise<Casting> {
  const made = settings.edgeKubeconfig === undefined
  const focom = await focomFor(settings, choice, env)
  return {
    focom: focom.played,
    o2ims: made,
    lines: [
      focom.line,
      made
        ? 'The o2ims-operator of the edge is PLAYED by a process of this demo: an edge that kind makes has none.'
        : 'The o2ims-operator of the edge is whatever runs on the cluster of EDGE_KUBECONFIG.',
    ],
  }
}

async function focomFor(
  { focomPackage }: SeedSettings,
  choice: FocomChoice,
  env: NodeJS.ProcessEnv,
): Promise<{ played: boolean; line: string }> {
  const played = 'FoCoM is PLAYED by a process of this demo, and the report calls it "operator: external"'
  if (choice === 'played') return { played: true, line: `${played}: as was asked for.` }
  if (choice === 'package' || focomPackage !== undefined)
    return { played: false, line: 'FoCoM is the true one, from its package.' }
  const image = /^\s*image:\s*(\S+)/m.exec(await readFile(DEPLOYMENT, 'utf8'))?.[1] ?? ''
  const { exitCode, said } = await runTool('docker', ['manifest', 'inspect', image], env, REGISTRY_LIMIT_MS)
  if (exitCode === 0) return { played: false, line: `FoCoM is the true one, ${image}.` }
  return { played: true, line: `${played}: ${image} cannot be had here (${firstLine(said)}).` }
}
