/** What the doctor looks at. */
export type Subject =
  | 'node'
  | 'redis-server'
  | 'docker'
  | 'kind'
  | 'kpt'
  | 'kubectl'
  | 'git'
  | 'node image'
  | 'port'
  | 'inotify'

export interface Finding {
  subject: Subject
  /** warning: it works, or may work, and something should be done. */
  state: 'ok' | 'warning' | 'missing'
  /** The version, or what was found instead. */
  found: string
  neededBy: string
  /** What to do: commands, and words where no command does it. Empty when nothing is to be done. */
  remedy: readonly string[]
}

/** What is asked of a machine: names of the sample templates, and `simulated` for anything on simulated O-Clouds. */
export const JOBS = {
  simulated: ['node', 'redis-server'],
  'kpt-workload': ['node', 'redis-server', 'kpt', 'git'],
  'kind-cluster': ['node', 'redis-server', 'docker', 'kind'],
  'kind-workload': ['node', 'redis-server', 'docker', 'kind', 'kpt', 'git'],
  'edge-5g': ['node', 'redis-server', 'kpt', 'git'],
  'edge-5g-ran': ['node', 'redis-server', 'kpt', 'git'],
  'edge-5g-kind': ['node', 'redis-server', 'docker', 'kind', 'kpt', 'git'],
  'nephio-workload-cluster': ['node', 'redis-server', 'kpt', 'git'],
} as const satisfies Record<string, readonly Subject[]>

export type Job = keyof typeof JOBS

export interface Verdict {
  job: Job
  possible: boolean
  lacks: Subject[]
}

/** Which jobs this machine can run, and what keeps it from the others. Pure. */
export function verdicts(findings: readonly Finding[]): Verdict[] {
  const missing = new Set(findings.filter(({ state }) => state === 'missing').map(({ subject }) => subject))
  return Object.entries(JOBS).map(([job, needs]) => {
    const lacks = needs.filter((subject) => missing.has(subject))
    return { job: job as Job, possible: lacks.length === 0, lacks }
  })
}
