import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type ChildProcesses, createChildProcesses } from '../../src/tools/child-processes.ts'

/** What no true kind does on command. `hangs` and `dies` have made a node by then; `garbage` answers everything with noise and success. */
export type Misbehaviour = 'hangs' | 'dies' | 'garbage'

export interface KindDouble {
  /** Finds the double where others find kind. */
  children: ChildProcesses
  dispose(): void
}

/** A `kind` that misbehaves when it makes a cluster, and hands everything else to the true one. Its node carries the labels and mounts of a true node. */
export function kindThat(how: Misbehaviour): KindDouble {
  const folder = mkdtempSync(join(tmpdir(), 'o2ims-kind-double-'))
  const kind = execFileSync('sh', ['-c', 'command -v kind'], { encoding: 'utf8' }).trim()
  writeFileSync(join(folder, 'kind'), how === 'garbage' ? GARBAGE : scriptOf(how, kind), { mode: 0o755 })
  const PATH = `${folder}${delimiter}${process.env.PATH}`
  return {
    children: createChildProcesses({ env: { ...process.env, PATH }, graceMs: 300 }),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** For containers that are no clusters: KIND_NODE_IMAGE, else a node image that docker has already. */
export function nodeImage(): string {
  const asked = ['images', '--filter', 'reference=kindest/node', '--format', '{{.ID}}']
  const image = process.env.KIND_NODE_IMAGE ?? execFileSync('docker', asked, { encoding: 'utf8' }).split('\n')[0]
  if (!image) throw new Error('docker has no node image yet: set KIND_NODE_IMAGE, or `docker pull kindest/node`')
  return image
}

const GARBAGE = `#!/bin/sh
cat > /dev/null
head -c 200000 /dev/urandom
exit 0
`

const scriptOf = (how: 'hangs' | 'dies', kind: string): string => `#!/bin/sh
[ "$1 $2" = "create cluster" ] || exec '${kind}' "$@"
mount=$(sed -n 's/^ *containerPath: //p' | head -n 1)
docker run --detach --name "$4-control-plane" --label "io.x-k8s.kind.cluster=$4" \\
  --label io.x-k8s.kind.role=control-plane --volume "/dev/null:$mount:ro" --network none \\
  --entrypoint sleep '${nodeImage()}' 600 > /dev/null
echo ' • Starting control-plane 🕹️  ...' >&2
${how === 'dies' ? 'kill -9 $$' : "trap '' TERM; while :; do sleep 1; done"}
`
