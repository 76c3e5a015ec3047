import { mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeLog } from '../clusters/lifecycle.ts'
import { hasCode } from '../system-error.ts'

/** What is worth reading of an export, in this order: the boot of a node, what its kubelet says, the pods of Kubernetes itself. */
const WANTED = [
  /^[^/]+\/serial\.log$/,
  /^[^/]+\/kubelet\.log$/,
  /^[^/]+\/pods\/kube-system_[^/]+\/[^/]+\/[^/]+\.log$/,
  /^[^/]+\/containerd\.log$/,
  /^[^/]+\/images\.log$/,
  /^[^/]+\/journal\.log$/,
]
const LARGEST_TEXT = 64 * 1024
const MOST_FILES = 5_000

/** An export of a killed process that nobody reads any more. */
const STALE_MS = 5 * 60_000
const PREFIX = 'kind-logs.'

/** Lends a private folder to `work` and removes it afterwards, with what killed processes have left of theirs. */
export async function withLogFolder<T>(runDir: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(runDir, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(runDir, PREFIX))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
    const others = (await readdir(runDir)).filter((entry) => entry.startsWith(PREFIX))
    await Promise.all(others.map((entry) => removeStale(join(runDir, entry))))
  }
}

async function removeStale(folder: string): Promise<void> {
  const { mtimeMs } = await stat(folder).catch(unlessGone)
  if (Date.now() - mtimeMs > STALE_MS) await rm(folder, { recursive: true, force: true })
}

function unlessGone(error: unknown): { mtimeMs: number } {
  if (hasCode(error, 'ENOENT')) return { mtimeMs: Number.POSITIVE_INFINITY }
  throw error
}

/** How many bytes lie in a folder. */
export async function sizeOf(folder: string): Promise<number> {
  let total = 0
  for (const name of await filesOf(folder)) total += (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size
  return total
}

/** The ends of the texts of an export, `maxBytes` in all, without their secrets. What may be a kubeconfig or a key is never opened. */
export async function readNodeLogs(folder: string, maxBytes: number): Promise<NodeLog[]> {
  const names = await filesOf(folder)
  const chosen = WANTED.flatMap((pattern) => names.filter((name) => pattern.test(name)).sort()).slice(0, MOST_FILES)
  const logs: NodeLog[] = []
  let left = maxBytes
  for (const name of chosen) {
    if (left <= 0) break
    const bytes = Math.min(LARGEST_TEXT, left)
    const text = cutTo(bytes, scrubbed(await endOf(join(folder, name), bytes)))
    if (text === '') continue
    logs.push({ name, text })
    left -= Buffer.byteLength(text)
  }
  return logs
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

/** The last lines of a file, at most so many bytes. */
async function endOf(path: string, bytes: number): Promise<string> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const start = Math.max(0, size - bytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(bytes, size)), 0, Math.min(bytes, size), start)
    const text = buffer.subarray(0, bytesRead).toString('utf8')
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1)
  } finally {
    await file.close()
  }
}

/** What was masked, and what is no text, may have grown. */
function cutTo(bytes: number, text: string): string {
  const encoded = Buffer.from(text)
  if (encoded.length <= bytes) return text
  return encoded
    .subarray(encoded.length - bytes)
    .toString('utf8')
    .replace(/^\uFFFD+/, '')
}

const SECRETS: [RegExp, string][] = [
  // The end of a key whose beginning was cut off, then whole keys.
  [/^(?:[A-Za-z0-9+/=]+\s)+-----END [A-Z ]+-----/, '[secret]'],
  [/-----BEGIN [A-Z ]+-----[\s\S]*?(-----END [A-Z ]+-----|$)/g, '[secret]'],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '[secret]'],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '[secret]'],
  [/(\/\/)[^\s/@:]+:[^\s/@]+@/g, '$1[secret]@'],
  [
    /(\b(?:[\w-]+-data|token|password|passwd|secret|authorization)["']?\s*[:=]\s*["']?)(?:Bearer\s+)?[^\s"',]{6,}/gi,
    '$1[secret]',
  ],
]
// biome-ignore lint/suspicious/noControlCharactersInRegex: a console colours its lines
const CONSOLE = /\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]/g

/** Takes out of a log what looks like a credential, and what only a console understands. */
export function scrubbed(text: string): string {
  return SECRETS.reduce((rest, [pattern, mask]) => rest.replace(pattern, mask), text.replace(CONSOLE, '')).trim()
}
