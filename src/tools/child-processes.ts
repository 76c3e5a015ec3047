import { accessSync, constants, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import type { RunScope } from '../clusters/lifecycle.ts'
import { messageOf, ServiceError } from '../errors.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { annotate, inSpan, traceHeaders } from '../telemetry/spans.ts'
import { endFamily, isGone, markOf } from './leftovers.ts'
import { createLineSplitter, createTail } from './lines.ts'
import { createRedact, headOf, tailOf } from './redact.ts'
import { createSlots } from './slots.ts'

/** One call of a tool. Secrets never stand in `args`; they go through `stdin` or an inherited file. */
export interface ChildCall {
  /** Name on the PATH. */
  tool: string
  args: readonly string[]
  /** Added to the minimal environment. */
  env?: Record<string, string>
  stdin?: string
  /** Open file descriptors of ours that the child inherits as 3, 4, … */
  files?: readonly number[]
  /** Called for each line as it comes; what it throws ends the child and is what the call rejects with. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void
  timeoutMs: number
  signal?: AbortSignal
  run?: RunScope
  /** Masked in everything that comes from the tool's mouth, but for `stdout`. */
  secrets?: readonly string[]
  /** `question` for calls that only look and end at once: they do not wait behind those that work for minutes. */
  kind?: 'work' | 'question'
  /** `latin1` keeps every byte of `stdout`: one character each. Default: utf8. */
  encoding?: 'utf8' | 'latin1'
}

export interface ChildResult {
  exitCode: number
  /** All of it, as it came: it may be a secret itself (a kubeconfig). Empty when `onLine` reads it. */
  stdout: string
  /** The last words, masked and cut: fit for an error message. */
  lastWords: string
}

export interface ChildProcesses {
  /**
   * Runs a tool and answers with its exit code, whatever that is. Rejects with PREFLIGHT_FAILED when the tool is not on the PATH, TIMEOUT
   * after `timeoutMs` (waiting for a place not counted), APPLY_FAILED when it writes too much, the signal's reason when that aborts. The
   * whole process group has ended when the call has.
   */
  run(call: ChildCall): Promise<ChildResult>
}

/** Told each masked line that a tool prints for a run: all of stderr, and what is read line by line of stdout. */
export type OnPrinted = (run: RunScope, printed: { tool: string; stream: 'stdout' | 'stderr'; line: string }) => void

type ChildMetrics = Pick<Metrics, 'childEnded'>

/** Kubeconfigs are a few KiB; nothing that we keep whole is larger than this. */
const LARGEST_STDOUT = 8 * 1024 * 1024
const LAST_WORDS = 2_000
const KEPT_STDERR = 16 * 1024

/** What a tool may know of our environment: how to reach its daemon, and nothing of ours. */
const PASSED_ON =
  /^(PATH|HOME|USER|LANG|LC_ALL|TZ|TMPDIR|XDG_RUNTIME_DIR|SSL_CERT_(FILE|DIR)|(HTTPS?|NO)_PROXY|(https?|no)_proxy|DOCKER_(HOST|CONTEXT|CONFIG|CERT_PATH|TLS|TLS_VERIFY|API_VERSION)|KIND_EXPERIMENTAL_(DOCKER_NETWORK|CONTAINERD_SNAPSHOTTER))$/

/**
 * Starts the tools. `limit` is how many work at once (default: the number of cores, at least 2); `graceMs` what a child has between
 * SIGTERM and SIGKILL; `env` the environment that the minimal one is taken from.
 */
export function createChildProcesses(
  options: {
    limit?: number
    graceMs?: number
    env?: NodeJS.ProcessEnv
    onPrinted?: OnPrinted
    metrics?: ChildMetrics
  } = {},
): ChildProcesses {
  const environment = options.env ?? process.env
  const places = Math.max(2, options.limit ?? availableParallelism())
  const graceMs = options.graceMs ?? 3_000
  const lanes = { work: createSlots(places), question: createSlots(places) }
  const passedOn = Object.fromEntries(Object.entries(environment).filter(([name]) => PASSED_ON.test(name)))
  const guard = onPath('setpriv', environment.PATH)
  let guarded: Promise<boolean> | undefined

  /** setpriv of util-linux ends the child with us. Where it is missing, or is busybox's, only what leftovers.ts finds is ended. */
  function dieWithUs(): Promise<boolean> {
    if (guard === undefined || process.platform !== 'linux') return Promise.resolve(false)
    guarded ??= canGuard(guard)
    return guarded
  }

  async function run(call: ChildCall): Promise<ChildResult> {
    const tool = onPath(call.tool, environment.PATH)
    if (tool === undefined) {
      throw new ServiceError(
        'PREFLIGHT_FAILED',
        `${call.tool} is not on the PATH of this worker: run the worker from the image o2ims-worker, which has it, or install it there (\`o2ims doctor\` says how); then retry`,
      )
    }
    const prefix = (await dieWithUs()) && guard !== undefined ? [guard, '--pdeathsig', 'KILL', '--'] : []
    const [file = tool, ...args] = [...prefix, tool, ...call.args]
    // With the first child: a worker that only waits, or works on simulated O-Clouds, never needs it
    const { execa } = await import('execa')
    call.signal?.throwIfAborted()

    const mark = markOf(call.run)
    // execa's types know the descriptors 3 to 9 only; it takes any open one.
    const files = (call.files ?? []).map((descriptor) => descriptor as 3)
    const child = execa(file, args, {
      env: { ...passedOn, ...call.env, ...mark.env, ...traceEnvironment() },
      extendEnv: false,
      cwd: '/',
      // A group of its own, so that what the tool starts can be ended with it.
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      input: call.stdin ?? '',
      stdio: ['pipe', 'pipe', 'pipe', ...files],
    })

    let stopped: { reason: unknown } | undefined
    let killTimer: NodeJS.Timeout | undefined
    let ended: Promise<unknown> = Promise.resolve()
    const stop = (reason: unknown) => {
      if (stopped !== undefined) return
      stopped = { reason }
      signalGroup(child.pid, 'SIGTERM')
      killTimer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs)
      // What left the group is found by its mark. One that does not end at all is met again, and reported, before the step runs again.
      ended = endFamily(mark.id, graceMs).catch(messageOf)
    }

    const redact = createRedact(call.secrets ?? [])
    const lastWords = createTail(KEPT_STDERR)
    let stdout = ''
    const printed = call.run && options.onPrinted?.bind(undefined, call.run)
    const reader = (stream: 'stdout' | 'stderr') => {
      const lines = createLineSplitter((line) => {
        printed?.({ tool: call.tool, stream, line: redact(line) })
        if (stopped !== undefined) return
        try {
          call.onLine?.(line, stream)
        } catch (error) {
          stop(error)
        }
      })
      child[stream]
        .setEncoding(stream === 'stdout' ? (call.encoding ?? 'utf8') : 'utf8')
        .on('data', (chunk: string) => {
          if (stream === 'stderr') lastWords.push(chunk)
          if (call.onLine !== undefined || (stream === 'stderr' && printed !== undefined)) lines.push(chunk)
          else if (stream === 'stdout') stdout += chunk
          if (stdout.length > LARGEST_STDOUT) {
            stdout = ''
            stop(
              new ServiceError(
                'APPLY_FAILED',
                `${call.tool} wrote more than ${LARGEST_STDOUT} characters; it was ended`,
              ),
            )
          }
        })
      child[stream].on('end', lines.end)
    }
    reader('stdout')
    reader('stderr')

    const onAbort = () => stop(call.signal?.reason)
    call.signal?.addEventListener('abort', onAbort, { once: true })
    if (call.signal?.aborted) onAbort()
    const limit = setTimeout(() => {
      const words = tailOf(redact(lastWords.text()), LAST_WORDS)
      stop(
        new ServiceError(
          'TIMEOUT',
          `${wordsOf(call)} did not end within ${Math.round(call.timeoutMs / 1000)} s${words && `: ${words}`}`,
        ),
      )
    }, call.timeoutMs)

    try {
      const result = await child
      if (stopped !== undefined) {
        await ended
        throw stopped.reason
      }
      if (result.exitCode === undefined) {
        const why = result.signal === undefined ? result.originalMessage : `it was ended by ${result.signal}`
        return { exitCode: 128, stdout, lastWords: tailOf(redact(`${lastWords.text()}\n${why}`), LAST_WORDS) }
      }
      return { exitCode: result.exitCode, stdout, lastWords: tailOf(redact(lastWords.text()), LAST_WORDS) }
    } finally {
      clearTimeout(limit)
      clearTimeout(killTimer)
      call.signal?.removeEventListener('abort', onAbort)
    }
  }

  return {
    run: (call) => lanes[call.kind ?? 'work'].take(call.signal, () => observed(call, options.metrics, () => run(call))),
  }
}

/** Whether this setpriv can end a child with us. */
async function canGuard(setpriv: string): Promise<boolean> {
  const { execa } = await import('execa')
  const options = { reject: false, timeout: 5_000, stdio: 'ignore' } as const
  return (await execa(setpriv, ['--pdeathsig', 'KILL', '--', 'true'], options)).exitCode === 0
}

/** A span of its own, which the child is told of, and a count by tool. Waiting for a place is no part of it. */
function observed(
  call: ChildCall,
  metrics: ChildMetrics | undefined,
  run: () => Promise<ChildResult>,
): Promise<ChildResult> {
  const { tool } = call
  const began = performance.now()
  const end = (result: 'succeeded' | 'failed' | 'ended') =>
    metrics?.childEnded({ tool, result }, (performance.now() - began) / 1000)
  return inSpan(
    tool,
    { kind: 'client', attributes: { 'process.executable.name': tool, 'o2ims.command': wordsOf(call) } },
    async () => {
      try {
        const result = await run()
        const failed = result.exitCode !== 0
        annotate({ 'process.exit.code': result.exitCode, ...(failed && { 'error.type': 'exit code' }) })
        end(failed ? 'failed' : 'succeeded')
        return result
      } catch (error) {
        end('ended')
        throw error
      }
    },
  )
}

/** As OpenTelemetry passes a trace on in an environment. */
function traceEnvironment(): Record<string, string> {
  const { traceparent } = traceHeaders()
  return traceparent === undefined ? {} : { TRACEPARENT: traceparent }
}

/** The beginning of a command line. */
const wordsOf = ({ tool, args }: Pick<ChildCall, 'tool' | 'args'>): string =>
  headOf([tool, ...args.slice(0, 3)].join(' '), 120)

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

function onPath(name: string, path: string | undefined): string | undefined {
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
