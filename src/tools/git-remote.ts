import { join } from 'node:path'
import type { CallOptions } from '../clusters/cluster.ts'
import type { RunScope } from '../clusters/lifecycle.ts'
import { ServiceError } from '../errors.ts'
import type { ChildProcesses, ChildResult } from './child-processes.ts'
import { gitFailure } from './git-failure.ts'
import { withSecretFile } from './secret-file.ts'

/** Secret. */
export type GitCredential = { kind: 'password'; username: string; password: string } | { kind: 'key'; key: string }

/** A repository that was checked: its URL holds no credential, and its scheme is one that may be used. */
export interface GitRemote {
  url: string
  scheme: 'https' | 'http' | 'ssh' | 'file'
  credential?: GitCredential
  /** Lines of known_hosts; those of the worker's user when absent. */
  hostKeys?: string
}

export interface GitCall extends CallOptions {
  run?: RunScope
}

/** Asks the remote, in the one way that hands no secret to an argument, a file or an environment. */
export type AskRemote = (
  remote: GitRemote,
  call: GitCall & { args: readonly string[]; kind: 'work' | 'question'; timeoutMs: number },
) => Promise<ChildResult>

/** Without hooks, helpers that keep credentials, configuration of the worker's user, prompts and background work. */
export const GIT_ENV: Record<string, string> = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  HOME: '/proc/nowhere',
  LC_ALL: 'C',
}
const CONFIG = ['core.hooksPath=/dev/null', 'credential.helper=', 'gc.auto=0', 'maintenance.auto=false']
/** A server that accepts and then says nothing. */
const QUIET_SECONDS = 20

/** `runDir` takes nameless files where the machine has no shared memory. Errors: those of gitFailure, and the signal's reason. */
export function createAskRemote({ children, runDir }: { children: ChildProcesses; runDir: string }): AskRemote {
  return async (remote, { args, kind, timeoutMs, signal, run }) => {
    const { credential, hostKeys = '' } = remote
    if ((credential !== undefined || hostKeys !== '') && process.platform !== 'linux')
      throw new ServiceError('PREFLIGHT_FAILED', 'credentials for git are handed over by workers on Linux only')
    const ask = (files: number[]) =>
      children.run({
        tool: 'git',
        args: [...flagsFor(remote), ...args],
        env: { ...GIT_ENV, ...environmentFor(remote) },
        files,
        kind,
        timeoutMs,
        signal,
        run,
        secrets: secretsOf(credential),
      })
    const asked =
      credential === undefined && hostKeys === ''
        ? ask([])
        : withSecretFile(contentOf(credential), runDir, (first) =>
            withSecretFile(hostKeys, runDir, (second) => ask([first, second])),
          )
    const result = await asked.catch((error: unknown) => {
      // Its own time limit, not that of the request: the server may answer the next time.
      if (signal?.aborted || !(error instanceof ServiceError) || error.code !== 'TIMEOUT') throw error
      throw new ServiceError('UNAVAILABLE', `${remote.url} does not answer: ${error.message}`, { retryable: true })
    })
    if (result.exitCode !== 0) throw gitFailure(remote, result)
    return result
  }
}

function flagsFor({ scheme, credential }: GitRemote): string[] {
  const config = [
    ...CONFIG,
    // Where a redirect leads, nobody said that the credential may go.
    `http.followRedirects=${credential === undefined && scheme === 'https' ? 'initial' : 'false'}`,
    'http.lowSpeedLimit=1',
    `http.lowSpeedTime=${QUIET_SECONDS}`,
  ]
  return config.flatMap((setting) => ['-c', setting])
}

function environmentFor({ scheme, credential, hostKeys }: GitRemote): Record<string, string> {
  const authorities = process.env.SSL_CERT_FILE
  return {
    GIT_ALLOW_PROTOCOL: scheme,
    ...(authorities !== undefined && { GIT_SSL_CAINFO: authorities }),
    ...(credential?.kind === 'password' && { GIT_ASKPASS: join(import.meta.dirname, 'git-askpass.sh') }),
    ...(scheme === 'ssh' && {
      GIT_SSH: join(import.meta.dirname, 'git-ssh.sh'),
      GIT_SSH_VARIANT: 'ssh',
      O2IMS_KEY: credential?.kind === 'key' ? 'yes' : '',
      O2IMS_HOST_KEYS: hostKeys === undefined ? '' : 'yes',
    }),
  }
}

function contentOf(credential: GitCredential | undefined): string {
  if (credential === undefined) return ''
  if (credential.kind === 'password') return `${credential.username}\n${credential.password}\n`
  return credential.key.endsWith('\n') ? credential.key : `${credential.key}\n`
}

function secretsOf(credential: GitCredential | undefined): string[] {
  if (credential === undefined) return []
  if (credential.kind === 'key') return [credential.key]
  const { username, password } = credential
  return [password, encodeURIComponent(password), Buffer.from(`${username}:${password}`).toString('base64')]
}
