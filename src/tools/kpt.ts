import type { CallOptions } from '../clusters/cluster.ts'
import type { RunScope } from '../clusters/lifecycle.ts'
import { ServiceError } from '../errors.ts'
import type { ChildProcesses, ChildResult } from './child-processes.ts'
import { type KptEvent, parseKptEvent } from './kpt-events.ts'
import { withSecretFile } from './secret-file.ts'

export interface KptCall extends CallOptions {
  /** Secret. */
  kubeconfig: string
  /** Documents of the package, its inventory first. They go through standard input: they may hold secrets. */
  documents: string
  run: RunScope
  /** Masked in the last words. */
  secrets: readonly string[]
  /** Seconds that kpt waits for objects to become ready, and for pruned ones to go. */
  timeoutSeconds: number
  onEvent: (event: KptEvent) => void
}

/** `kpt live` as functions: rejections are those of ChildProcesses; what kpt itself thinks stands in the events and the exit code. */
export interface Kpt {
  /** e.g. "1.0.0-beta.56". PREFLIGHT_FAILED where kpt is missing or cannot be given its kubeconfig. */
  version(options?: CallOptions): Promise<string>
  apply(call: KptCall): Promise<ChildResult>
  destroy(call: KptCall): Promise<ChildResult>
}

const QUESTION_MS = 30_000
/** Beside the two waits: to read, to apply, to write the inventory. */
const WORK_SECONDS = 120

/** `runDir` takes the nameless kubeconfig where the machine has no shared memory. */
export function createKpt({ children, runDir }: { children: ChildProcesses; runDir: string }): Kpt {
  function live(args: string[], limitSeconds: number, call: KptCall): Promise<ChildResult> {
    assertLinux()
    const { documents, run, signal, secrets } = call
    return withSecretFile(call.kubeconfig, runDir, (descriptor) =>
      children.run({
        tool: 'kpt',
        args: ['live', ...args, '--output', 'json'],
        // A home that cannot be, so that neither discovery nor anything else is kept on disk: a cluster made anew at the same port is not taken for the old one.
        env: { KUBECONFIG: '/proc/self/fd/3', HOME: '/proc/nowhere' },
        stdin: documents,
        files: [descriptor],
        timeoutMs: limitSeconds * 1000,
        signal,
        run,
        secrets,
        onLine: (line, stream) => {
          const event = stream === 'stdout' ? parseKptEvent(line) : undefined
          if (event !== undefined) call.onEvent(event)
        },
      }),
    )
  }

  return {
    async version({ signal } = {}) {
      assertLinux()
      const result = await children.run({
        tool: 'kpt',
        args: ['version'],
        timeoutMs: QUESTION_MS,
        kind: 'question',
        signal,
      })
      if (result.exitCode !== 0)
        throw new ServiceError('PREFLIGHT_FAILED', `kpt does not tell its version: ${result.lastWords}`)
      return result.stdout.trim()
    },

    apply(call) {
      const limit = `${call.timeoutSeconds}s`
      const args = ['apply', '-', '--server-side', '--field-manager', 'o2ims', '--inventory-policy', 'strict']
      args.push('--reconcile-timeout', limit, '--prune-timeout', limit, '--show-status-events')
      // Its own installation of the CRD takes 10 s and rights on CRDs at every call.
      args.push('--install-resource-group=false')
      return live(args, 2 * call.timeoutSeconds + WORK_SECONDS, call)
    },

    /** kpt has no time limit of its own here: the child's is all there is. */
    destroy: (call) => live(['destroy', '-', '--inventory-policy', 'strict'], call.timeoutSeconds, call),
  }
}

function assertLinux(): void {
  if (process.platform === 'linux') return
  throw new ServiceError(
    'PREFLIGHT_FAILED',
    'packages are applied by workers on Linux only: the kubeconfig is handed to kpt through /proc, so that it is never written to a file',
  )
}
