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

const NEWLINE = 0x0a

/** The output of `cat-file --batch --follow-symlinks`, for that many questions. Throws when it is cut off. */
export function parseBatch(output: Buffer, count: number): Read[] {
  const reads: Read[] = []
  let at = 0
  while (reads.length < count) {
    const end = output.indexOf(NEWLINE, at)
    if (end < 0) throw new Error('git cat-file ended before its last answer')
    const head = output.toString('latin1', at, end)
    const [, type, size] = /^\S+ (blob|tree|commit|tag) (\d+)$/.exec(head) ?? []
    const [, fault, length] = /^(symlink|dangling|loop|notdir) (\d+)$/.exec(head) ?? []
    at = end + 1
    if (type !== undefined) {
      const bytes = output.subarray(at, at + Number(size))
      reads.push(type === 'blob' ? { is: 'file', bytes } : { is: 'folder' })
      at += Number(size) + 1
    } else if (fault !== undefined) {
      reads.push({ is: fault === 'symlink' ? 'outside' : 'nowhere' })
      at += Number(length) + 1
    } else reads.push({ is: 'nowhere' })
  }
  return reads
}
