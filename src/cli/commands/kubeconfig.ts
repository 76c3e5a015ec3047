import type { Command } from 'commander'
import { parsePlain } from '../../plain-yaml.ts'
import type { Api } from '../client/api.ts'
import { CommandFailure } from '../client/failure.ts'
import type { Again } from '../client/refusal.ts'
import type { WireOCloud } from '../client/wire.ts'
import { contextOf, printResult } from '../context.ts'
import { cleanLines } from '../view/text.ts'

/** `o2ims kubeconfig <oCloud>` */
export function addKubeconfig(program: Command): void {
  program
    .command('kubeconfig')
    .summary('print the kubeconfig of a cluster that a request made')
    .description(
      'Prints the kubeconfig (a secret) of a cluster that a request of this service made. With > FILE it goes into a file that "kubectl --kubeconfig FILE" takes.',
    )
    .argument(
      '<oCloud>',
      'its name (the clusterName of the request), or its id: the nodeClusterId that "status ID --output json" and the report show',
    )
    .action(async (oCloud: string, _options: object, command: Command) => {
      const context = contextOf(command)
      const kubeconfig = await kubeconfigOf(oCloud, context)
      if (context.form === 'json') printResult(context, contentOf(kubeconfig), () => [])
      else process.stdout.write(cleanLines(kubeconfig))
    })
}

/** Throws a CommandFailure, which quotes nothing: it may be a secret. */
function contentOf(kubeconfig: string): unknown {
  try {
    return parsePlain(kubeconfig)
  } catch (error) {
    throw new CommandFailure('the service answers something that is no kubeconfig', { cause: error })
  }
}

/** By id, else by name. Rejects with a CommandFailure that says why there is none. */
async function kubeconfigOf(idOrName: string, { api, again }: { api: Api; again: Again }): Promise<string> {
  try {
    return await api.oClouds.kubeconfig(idOrName)
  } catch (error) {
    if (!isNoSuchId(error)) throw explained(error)
    const oClouds = await api.oClouds.list()
    const same = oClouds.find(({ oCloudId }) => oCloudId === idOrName)
    if (same) throw explained(error, same)
    const oCloud = named(idOrName, oClouds, again)
    return api.oClouds.kubeconfig(oCloud.oCloudId).catch((refused: unknown) => {
      throw explained(refused, oCloud)
    })
  }
}

/** A name need not look like an id: 400. */
function isNoSuchId(error: unknown): error is CommandFailure {
  return error instanceof CommandFailure && ['NOT_FOUND', 'INVALID_ARGS'].includes(error.problem?.code ?? '')
}

/** The O-Cloud with that name. Throws a CommandFailure when there is none, or several. */
function named(name: string, oClouds: WireOCloud[], again: Again): WireOCloud {
  const [oCloud, ...others] = oClouds.filter((each) => each.name === name)
  if (oCloud && others.length === 0) return oCloud
  if (oCloud)
    throw new CommandFailure(`several O-Clouds have the name ${name}`, {
      hint: `give the id of the one that is meant: ${[oCloud, ...others].map(({ oCloudId }) => oCloudId).join(', ')}`,
    })
  const made = oClouds.find(({ madeBy }) => madeBy?.provisioningRequestId === name)
  if (made)
    throw new CommandFailure(`${name} is a request, not an O-Cloud`, {
      hint: `the cluster that it made: ${again(`kubeconfig ${made.name}`)}`,
    })
  const names = oClouds.filter(({ managed, simulated }) => managed && !simulated).map((each) => each.name)
  throw new CommandFailure(`there is no O-Cloud with the id or the name ${name}`, {
    hint: names.length > 0 ? `with a kubeconfig there are: ${names.join(', ')}` : NONE,
  })
}

const NONE = 'no request has made a real cluster yet; samples/requests/kind-cluster-real.yaml does'

function explained(error: unknown, oCloud?: WireOCloud): unknown {
  if (!(error instanceof CommandFailure) || !error.problem) return error
  const hint = oCloud?.simulated
    ? 'a simulated cluster is played by the service; only a real one that a request made has a kubeconfig'
    : error.status === 403
      ? 'only a cluster that a request of this service made gives its kubeconfig; take the one that it was registered with'
      : error.hint
  const { message, problem, exitCode, retryable } = error
  return new CommandFailure(message, { hint, problem, exitCode, retryable, cause: error })
}
