import { ServiceError } from '../errors.ts'

/** A file below a directory; `path` is relative to it. */
export interface GitTreeEntry {
  path: string
  kind: 'file' | 'link' | 'repository'
  /** Bytes; 0 for another repository (a submodule). */
  size: number
}

/** What stands at a path, every link followed. */
export type Read =
  | { is: 'file'; bytes: Buffer }
  /** A folder, a link that leaves the repository, one that leads nowhere (or round and round). */
  | { is: 'folder' | 'outside' | 'nowhere' }

/** The output of `ls-tree -r -z -l`. */
export function parseTree(output: string): GitTreeEntry[] {
  return output
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const tab = line.indexOf('\t')
      const [mode = '', type = '', , size = ''] = line.slice(0, tab).split(/ +/)
      const kind = mode === '120000' ? 'link' : type === 'blob' ? 'file' : 'repository'
      return { path: line.slice(tab + 1), kind, size: Number(size) || 0 }
    })
}

/** What stands there, unread. */
export type Looked = { is: 'file'; size: number } | { is: 'folder' | 'outside' | 'nowhere' }

const NEWLINE = 0x0a

/** The output of `cat-file --batch --follow-symlinks`, for that many questions. APPLY_FAILED (retryable) when it is cut off. */
export function parseBatch(output: Buffer, count: number): Read[] {
  return answersOf(output, count, true).map(({ is, bytes }) => (is === 'file' ? { is, bytes } : { is }))
}

/** The same of `cat-file --batch-check --follow-symlinks`. */
export function parseBatchCheck(output: Buffer, count: number): Looked[] {
  return answersOf(output, count, false).map(({ is, size }) => (is === 'file' ? { is, size } : { is }))
}

function answersOf(output: Buffer, count: number, contents: boolean) {
  const reads: { is: Read['is']; size: number; bytes: Buffer }[] = []
  const none = { size: 0, bytes: Buffer.alloc(0) }
  let at = 0
  while (reads.length < count) {
    const end = output.indexOf(NEWLINE, at)
    if (end < 0) throw cutOff()
    const head = output.toString('latin1', at, end)
    const [, type, size] = /^\S+ (blob|tree|commit|tag) (\d+)$/.exec(head) ?? []
    const [, fault, length] = /^(symlink|dangling|loop|notdir) (\d+)$/.exec(head) ?? []
    at = end + 1
    if (type !== undefined) {
      const bytes = output.subarray(at, contents ? at + Number(size) : at)
      if (contents && bytes.length < Number(size)) throw cutOff()
      reads.push({ is: type === 'blob' ? 'file' : 'folder', size: Number(size), bytes })
      if (contents) at += Number(size) + 1
    } else if (fault !== undefined) {
      reads.push({ is: fault === 'symlink' ? 'outside' : 'nowhere', ...none })
      at += Number(length) + 1
    } else reads.push({ is: 'nowhere', ...none })
  }
  return reads
}

function cutOff(): ServiceError {
  return new ServiceError('APPLY_FAILED', 'git cat-file ended before its last answer', { retryable: true })
}
