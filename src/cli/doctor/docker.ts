import type { Finding } from './finding.ts'
import { runTool, type ToolAnswer } from './run-tool.ts'
import { firstLine } from './tools.ts'

const NEEDED_BY = 'kind, and packages with a pipeline'
const INSTALL = ['sudo apt-get install -y docker.io']

/** Docker with its daemon, and the node image that kind shall take. */
export async function lookAtDocker(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const client = await runTool('docker', ['version', '--format', '{{.Server.Version}}'], env)
  const answers = client.exitCode === 0 && client.said !== ''
  const docker: Finding = answers
    ? { subject: 'docker', state: 'ok', found: firstLine(client.said), neededBy: NEEDED_BY, remedy: [] }
    : { subject: 'docker', state: 'missing', neededBy: NEEDED_BY, ...trouble(client, env) }
  return [docker, await nodeImage(env, answers)]
}

function trouble({ found, said }: ToolAnswer, env: NodeJS.ProcessEnv): Pick<Finding, 'found' | 'remedy'> {
  if (!found) return { found: 'not on the PATH', remedy: INSTALL }
  if (/permission denied/i.test(said))
    return {
      found: 'its daemon lets this user not in',
      remedy: ['sudo usermod -aG docker "$USER"', '# then log in anew; who is in that group is as good as root'],
    }
  const where = env.DOCKER_HOST ? `# DOCKER_HOST is ${env.DOCKER_HOST}: is that where it listens?` : undefined
  return {
    found: `no daemon answers: ${firstLine(said)}`,
    remedy: ['sudo systemctl start docker', ...(where === undefined ? [] : [where])],
  }
}

async function nodeImage(env: NodeJS.ProcessEnv, answers: boolean): Promise<Finding> {
  const subject = 'node image'
  const neededBy = 'kind'
  const image = env.KIND_NODE_IMAGE
  if (!image) {
    const found = "kind's own, pulled with the first cluster (KIND_NODE_IMAGE is not set)"
    return { subject, state: 'ok', found, neededBy, remedy: [] }
  }
  if (!answers) return { subject, state: 'warning', found: `${image}: docker cannot be asked`, neededBy, remedy: [] }
  // Behind "--": an image never looks like an option.
  const { exitCode } = await runTool('docker', ['image', 'inspect', '--format', '{{.Id}}', '--', image], env)
  if (exitCode === 0) return { subject, state: 'ok', found: image, neededBy, remedy: [] }
  const found = `${image} is not there yet: docker pulls it with the first cluster, where it can`
  return { subject, state: 'warning', found, neededBy, remedy: [`docker pull ${image}`] }
}
