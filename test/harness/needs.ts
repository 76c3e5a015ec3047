import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test was skipped: printed at the end of the run. */
    skipReason?: string
  }
}

/** What a test may need that npm does not bring. */
export type Part =
  | 'redis'
  | 'control-plane'
  | 'kwok'
  | 'openssl'
  | 'kind'
  | 'compose'
  | 'debootstrap'
  | 'kpt'
  | 'helm'
  | 'kubectl'
  | 'chromium'
  | 'zsh'
  | 'fish'
  | 'git'
  | 'sshd'

/**
 * Options for `describe` and `test`: skips loudly where a part is missing.
 *
 *     describe('the kubernetes driver', needs('control-plane', 'kubectl'), () => { … })
 *
 * Throws instead of skipping when REQUIRE_REAL_PARTS (a comma-separated list) names the missing part: in CI a skip is a failure where the part should be there.
 */
export function needs(...parts: Part[]): { skip?: true; meta?: { skipReason: string } } {
  const required = (process.env.REQUIRE_REAL_PARTS ?? '').split(',').map((part) => part.trim())
  for (const part of parts) {
    const reason = missing(part)
    if (reason === undefined) continue
    if (required.includes(part)) throw new Error(`REQUIRE_REAL_PARTS names ${part}, but ${reason}`)
    return { skip: true, meta: { skipReason: reason } }
  }
  return {}
}

/** Why a part cannot be used here, or undefined when it can. */
export function missing(part: Part): string | undefined {
  switch (part) {
    case 'redis':
      return redisServer() ? undefined : 'neither redis-server nor valkey-server is on the PATH'
    case 'control-plane':
      return controlPlane() ? undefined : 'no kube-apiserver: set KUBEBUILDER_ASSETS to a folder of setup-envtest'
    case 'kwok':
      return missingKubelets()
    case 'kind':
      return missingKind()
    case 'compose':
      return missingCompose()
    case 'debootstrap':
      return process.getuid?.() === 0 ? absent(part) : 'debootstrap wants root'
    case 'chromium':
      return chromium() ? undefined : 'chromium is not on the PATH'
    default:
      return absent(part)
  }
}

const absent = (name: string): string | undefined => (onPath(name) ? undefined : `${name} is not on the PATH`)

/** The Redis or Valkey server of this machine. */
export function redisServer(): string | undefined {
  return onPath('redis-server') ?? onPath('valkey-server')
}

/** The browser for the tests of Swagger UI. */
export function chromium(): string | undefined {
  return onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome')
}

/** The folder with etcd and kube-apiserver: KUBEBUILDER_ASSETS, else where setup-envtest puts the newest. */
export function controlPlane(): string | undefined {
  const stores = join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'kubebuilder-envtest', 'k8s')
  const versions = existsSync(stores) ? readdirSync(stores).sort(byVersion).reverse() : []
  const candidates = [
    process.env.KUBEBUILDER_ASSETS,
    ...versions.map((version) => join(stores, version)),
    '/usr/local/kubebuilder/bin',
  ]
  return candidates.find(
    (folder) => folder && executable(join(folder, 'kube-apiserver')) && executable(join(folder, 'etcd')),
  )
}

/** kwok, and what a Deployment needs to come up: the controller manager and the scheduler. */
function missingKubelets(): string | undefined {
  const folder = controlPlane()
  const absent = ['kube-controller-manager', 'kube-scheduler', 'kwok'].filter(
    (name) => folder === undefined || !executable(join(folder, name)),
  )
  return absent.length === 0 ? undefined : `${absent.join(', ')} not in the folder KUBEBUILDER_ASSETS`
}

let kindAnswer: { reason: string | undefined } | undefined

function missingKind(): string | undefined {
  kindAnswer ??= { reason: askKind() }
  return kindAnswer.reason
}

function askKind(): string | undefined {
  return absent('kind') ?? absent('docker') ?? unanswered()
}

function unanswered(): string | undefined {
  return succeeds('docker', 'info', '--format', '{{.ServerVersion}}')
    ? undefined
    : 'no docker daemon answers (DOCKER_HOST)'
}

let composeAnswer: { command: readonly [string, ...string[]] | undefined } | undefined

/** How Compose is called here: as a plugin of docker, or by itself. */
export function composeCommand(): readonly [string, ...string[]] | undefined {
  const commands = [['docker', 'compose'], ['docker-compose']] as const
  composeAnswer ??= { command: commands.find(([tool, ...args]) => onPath(tool) && succeeds(tool, ...args, 'version')) }
  return composeAnswer.command
}

function missingCompose(): string | undefined {
  const command = composeCommand() ? undefined : 'neither docker compose nor docker-compose is here'
  return command ?? absent('docker') ?? unanswered()
}

function succeeds(tool: string, ...args: string[]): boolean {
  return spawnSync(tool, args, { stdio: 'ignore', timeout: 10_000 }).status === 0
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find(executable)
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
