import { isIPv6 } from 'node:net'
import { CommandFailure } from '../client/failure.ts'

/** What the seed's script takes, by option or from the environment: its names and defaults (docs/seed-command-line.md). */
export interface SeedSettings {
  smoCluster: string
  /** Without kind: the SMO's cluster is there already. */
  skipKind: boolean
  /** FoCoM is there already: nothing of it is applied. */
  skipFocom: boolean
  /** FoCoM's Deployment is left out: its operator runs elsewhere. */
  focomElsewhere: boolean
  /** Path of a kubeconfig: with skipKind that of the SMO's cluster, else where the one of the cluster that is made goes. */
  smoKubeconfig?: string
  edgeKubeconfig?: string
  /** At which FoCoM reaches the edge. */
  edgeAddress?: string
  o2imsNamespace: string
  focomNamespace: string
  timeoutSeconds: number
  cleanupOnFailure: boolean
  deleteClusterOnFailure: boolean
  /** Where FoCoM's package is; absent: our own one. */
  focomPackage?: string | { repository: string; ref: string; directory: string }
}

/** What is asked for: the options of `provision` that the seed's script has. */
export interface SeedOptions {
  smoCluster?: string
  edgeIp?: string
  skipKind?: boolean
  skipFocom?: boolean
  /** No option: the demo plays FoCoM where its image cannot be had. */
  focomElsewhere?: boolean
  timeout?: number
  cleanup?: boolean
}

/** The variables of the seed's flow, for --help. */
export const SEED_VARIABLES = {
  SMO_CLUSTER_NAME: 'the SMO’s cluster (focom-smo)',
  SMO_KUBECONFIG: 'file: where the kubeconfig of the SMO’s cluster goes; with --skip-kind, where it is',
  EDGE_KUBECONFIG: 'file: kubeconfig of the edge; unset, kind makes an edge, too',
  O2IMS_NAMESPACE: 'namespace of the custom resources (o2ims)',
  FOCOM_NAMESPACE: 'namespace of FoCoM (focom-system)',
  VM2_IP: 'as --edge-ip',
  TIMEOUT: 'as --timeout (600)',
  CLEANUP_ON_FAILURE: 'true or false: as --cleanup, --no-cleanup (true)',
  DELETE_CLUSTER_ON_FAILURE: 'true or false: whether that takes clusters that were made, too (true)',
  KPT_CATALOG_URL: 'git repository of FoCoM’s package; unset, our own package',
  KPT_CATALOG_REF: 'its tag, branch or commit (HEAD)',
  FOCOM_PACKAGE_PATH: 'path of FoCoM’s package there, or below the package root',
} as const

type Rule = Pick<RegExp, 'test'>
type Env = Readonly<Record<string, string | undefined>>

/** An option goes before its variable. Pure. Throws a CommandFailure that names each bad value. */
export function seedSettings(options: SeedOptions, environment: Env): SeedSettings {
  const faults: string[] = []
  // As everywhere: a variable that is set to nothing is not set.
  const env = (name: string) => environment[name] || undefined
  const text = (name: string, pattern: Rule, rule: string, value: string | undefined): string | undefined => {
    if (value !== undefined && !pattern.test(value)) faults.push(`${name} must be ${rule}, not "${value}"`)
    return value
  }
  const flag = (name: string, fallback: boolean): boolean => {
    const value = text(name, /^(true|false)$/, 'true or false', env(name))
    return value === undefined ? fallback : value === 'true'
  }
  const label = (name: string, value: string | undefined, fallback: string): string =>
    text(name, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'a name of a-z, 0-9 and "-"', value) ?? fallback
  const named = (option: string, variable: string, given: string | undefined) =>
    given === undefined ? variable : option

  const edgeIp = named('--edge-ip', 'VM2_IP', options.edgeIp)
  const smoName = named('--smo-cluster', 'SMO_CLUSTER_NAME', options.smoCluster)
  const rule = 'an address or a host, with or without a port'
  const edgeAddress = text(edgeIp, ADDRESS, rule, options.edgeIp ?? env('VM2_IP'))
  const [smoKubeconfig, edgeKubeconfig] = [env('SMO_KUBECONFIG'), env('EDGE_KUBECONFIG')]
  const packageOfFocom = focomPackage(env, faults)
  const settings: SeedSettings = {
    smoCluster: label(smoName, options.smoCluster ?? env('SMO_CLUSTER_NAME'), 'focom-smo'),
    skipKind: options.skipKind ?? false,
    skipFocom: options.skipFocom ?? false,
    focomElsewhere: options.focomElsewhere ?? false,
    ...(smoKubeconfig !== undefined && { smoKubeconfig }),
    ...(edgeKubeconfig !== undefined && { edgeKubeconfig }),
    ...(edgeAddress !== undefined && { edgeAddress }),
    o2imsNamespace: label('O2IMS_NAMESPACE', env('O2IMS_NAMESPACE'), 'o2ims'),
    focomNamespace: label('FOCOM_NAMESPACE', env('FOCOM_NAMESPACE'), 'focom-system'),
    timeoutSeconds: options.timeout ?? seconds(env('TIMEOUT'), faults),
    cleanupOnFailure: options.cleanup ?? flag('CLEANUP_ON_FAILURE', true),
    deleteClusterOnFailure: flag('DELETE_CLUSTER_ON_FAILURE', true),
    ...(packageOfFocom !== undefined && { focomPackage: packageOfFocom }),
  }
  if (faults.length > 0) throw new CommandFailure(faults.join('\n'), { hint: 'o2ims provision --help names them all' })
  return settings
}

/** A host or an IPv4 or bracketed IPv6 address, with or without port, or an https address. What it leads to, the service finds out. */
const ADDRESS: Rule = {
  test: (text) =>
    ADDRESS_SHAPE.test(text) && URL.canParse(`https://${isIPv6(text) ? `[${text}]` : text.replace(/^https:\/\//, '')}`),
}
const ADDRESS_SHAPE =
  /^(https:\/\/)?([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\]|[0-9a-fA-F]*:[0-9a-fA-F:.]+)(:\d{1,5})?$/
/** As the template has it. */
const REPOSITORY = /^(https?:\/\/[^@/]+(\/|$)|ssh:\/\/[A-Za-z0-9._-]+@|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:)/
const MOST_SECONDS = 86_400
const USUAL_SECONDS = 600

function seconds(value: string | undefined, faults: string[]): number {
  if (value === undefined) return USUAL_SECONDS
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (number >= 1 && number <= MOST_SECONDS) return number
  faults.push(`TIMEOUT must be a whole number of seconds from 1 to ${MOST_SECONDS}, not "${value}"`)
  return USUAL_SECONDS
}

/** As the service reads the same settings: a path is one of the catalogue where there is one, else below its package root. */
function focomPackage(env: (name: string) => string | undefined, faults: string[]): SeedSettings['focomPackage'] {
  const [repository, ref, path] = [env('KPT_CATALOG_URL'), env('KPT_CATALOG_REF'), env('FOCOM_PACKAGE_PATH')]
  if (repository === undefined && ref !== undefined) faults.push('KPT_CATALOG_REF says nothing without KPT_CATALOG_URL')
  if (repository === undefined) return path
  // It may hold a password, so it is not repeated.
  if (!REPOSITORY.test(repository))
    faults.push(
      'KPT_CATALOG_URL must be an http or https URL without user name and password, or ssh://git@… or git@host:…',
    )
  return { repository, ref: ref ?? 'HEAD', directory: path ?? 'focom-operator' }
}
