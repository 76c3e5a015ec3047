import type { Finding, Subject } from './finding.ts'
import { runTool } from './run-tool.ts'

interface Tool {
  subject: Subject
  /** Programs of which one is enough, the usual one first. */
  programs: readonly string[]
  args: readonly string[]
  version: RegExp
  /** Older ones do not do. */
  least?: string
  neededBy: string
  install: readonly string[]
}

/** As releases name processors. */
const ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64'
const download = (tool: string, url: string) => [
  `curl -fLo ${tool} ${url}`,
  `sudo install -m 755 ${tool} /usr/local/bin/${tool} && rm ${tool}`,
]

const TOOLS: readonly Tool[] = [
  {
    subject: 'redis-server',
    programs: ['redis-server', 'valkey-server'],
    args: ['--version'],
    version: /v=(\d+\.\d+\.\d+)/,
    least: '6.2.0',
    neededBy: 'the service, unless REDIS_URL names another',
    install: ['sudo apt-get install -y redis-server && sudo systemctl disable --now redis-server'],
  },
  {
    subject: 'kind',
    programs: ['kind'],
    args: ['version'],
    version: /v(\d+\.\d+\.\d+\S*)/,
    neededBy: 'kind-cluster, kind-workload, edge-5g-kind',
    install: download('kind', `https://kind.sigs.k8s.io/dl/v0.33.0/kind-linux-${ARCH}`),
  },
  {
    subject: 'kpt',
    programs: ['kpt'],
    args: ['version'],
    version: /v?(\d+\.\d+\.\d+\S*)/,
    neededBy: 'packages on real clusters',
    install: download('kpt', `https://github.com/kptdev/kpt/releases/download/v1.0.0-beta.56/kpt_linux_${ARCH}`),
  },
  {
    subject: 'git',
    programs: ['git'],
    args: ['--version'],
    version: /(\d+\.\d+(\.\d+)?)/,
    neededBy: 'kpt, and packages from git repositories',
    install: ['sudo apt-get install -y git'],
  },
  {
    subject: 'kubectl',
    programs: ['kubectl'],
    args: ['version', '--client'],
    version: /v(\d+\.\d+\.\d+[^"\s,]*)/,
    neededBy: 'nobody but you, to look around in a cluster',
    install: download('kubectl', `https://dl.k8s.io/release/v1.33.13/bin/linux/${ARCH}/kubectl`),
  },
]

/** Each tool with its version. None is told of a cluster: some builds of kubectl ask it even for their own version, and keep what it says in HOME. */
export async function lookAtTools(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const findings = await Promise.all(TOOLS.map((tool) => lookAt(tool, { ...env, KUBECONFIG: '/dev/null' })))
  const noGit = findings.some(({ subject, state }) => subject === 'git' && state === 'missing')
  return noGit ? findings.map(withoutGit) : findings
}

/** kpt starts nowhere without git: what is to be had is git, not kpt. */
function withoutGit(finding: Finding): Finding {
  if (finding.subject !== 'kpt' || !/^does not start: .*\bgit\b/.test(finding.found)) return finding
  return { ...finding, state: 'warning', found: 'is there, and does not start without git', remedy: [] }
}

/** The Node.js that runs this very line. */
export function lookAtNode(): Finding {
  return { subject: 'node', state: 'ok', found: process.versions.node, neededBy: 'everything', remedy: [] }
}

async function lookAt(tool: Tool, env: NodeJS.ProcessEnv): Promise<Finding> {
  const { subject, neededBy, install } = tool
  if (subject === 'redis-server' && env.REDIS_URL)
    return { subject, state: 'ok', found: 'not needed: REDIS_URL is set', neededBy, remedy: [] }
  // Without kubectl everything runs.
  const absent = subject === 'kubectl' ? 'warning' : 'missing'
  for (const program of tool.programs) {
    const { found, exitCode, said } = await runTool(program, tool.args, env)
    if (!found) continue
    const version = tool.version.exec(said)?.[1]
    const name = program === tool.programs[0] ? '' : ` (${program})`
    if (exitCode !== 0 || version === undefined)
      return { subject, state: absent, found: `does not start: ${firstLine(said)}`, neededBy, remedy: install }
    if (tool.least !== undefined && older(version, tool.least))
      return { subject, state: absent, found: `${version}${name}, older than ${tool.least}`, neededBy, remedy: install }
    return { subject, state: 'ok', found: `${version}${name}`, neededBy, remedy: [] }
  }
  return { subject, state: absent, found: 'not on the PATH', neededBy, remedy: install }
}

function older(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) < 0
}

/** What a tool says first, bounded. */
export function firstLine(text: string): string {
  const line = text.split('\n').find((each) => each.trim() !== '') ?? 'it says nothing'
  return line.trim().slice(0, 200)
}
