import { basename, delimiter, dirname, isAbsolute, relative, resolve } from 'node:path'
import { DEFAULT_SERVER } from './client/http.ts'
import type { Again } from './client/refusal.ts'

/** What tells how this very command was started. */
export interface Start {
  /** The program's file as it was called: process.argv[1]. */
  file: string
  cwd: string
  env: NodeJS.ProcessEnv
}

/** The words that start this command line again from the same folder: `npx o2ims`, `o2ims`, or `node bin/o2ims.js`. Pure. */
export function startedAs({ file, cwd, env }: Start): string {
  if (/\.[jt]s$/.test(file)) return `node ${quoted(pathFrom(cwd, file))}`
  // Before the PATH: npx puts its folders there for the command alone.
  if (env.npm_command === 'exec' && env.npm_lifecycle_script?.includes('o2ims')) return 'npx o2ims'
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const onPath = folders.some((folder) => resolve(cwd, folder) === dirname(file))
  if (onPath) return basename(file)
  const path = pathFrom(cwd, file)
  return quoted(path.includes('/') ? path : `./${path}`)
}

/** Commands of ours that work for the same server, e.g. for "how to come back"; `serve` starts one and names none. */
export function createAgain(self: string, server: string): Again {
  const named = server === DEFAULT_SERVER ? '' : ` --server ${quoted(server)}`
  return (command) => `${self}${/^serve\b/.test(command) ? '' : named} ${command}`
}

/** This process. */
export function thisStart(): string {
  return startedAs({ file: process.argv[1] ?? 'o2ims', cwd: process.cwd(), env: process.env })
}

function pathFrom(cwd: string, file: string): string {
  const path = relative(cwd, file)
  return path.startsWith('..') || isAbsolute(path) ? file : path
}

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
