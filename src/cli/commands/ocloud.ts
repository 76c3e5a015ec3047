import type { Command } from 'commander'
import { CommandFailure } from '../client/failure.ts'
import { contextOf, printResult } from '../context.ts'
import { keyAndValue } from '../options.ts'
import { readRequestFile, readText } from '../request-file.ts'
import { renderOCloud, renderOClouds } from '../view/o-clouds.ts'
import { clean } from '../view/text.ts'

interface AddOptions {
  file?: string
  kubeconfig?: string
  simulated?: boolean
  description?: string
  label?: Record<string, string>
}

/** `o2ims ocloud add|list|show|rm` */
export function addOCloud(program: Command): void {
  const group = program
    .command('ocloud')
    .summary('register, list and remove O-Clouds')
    .description(
      'The O-Clouds that requests may name: registered clusters, simulated ones, and those that requests made.',
    )
  group
    .command('add')
    .summary('register a cluster')
    .description(
      'Registers a cluster as an O-Cloud: by a name and a kubeconfig, or from a file as in samples/oclouds. The service keeps the kubeconfig encrypted and never gives it back.',
    )
    .argument('[name]', 'name of the O-Cloud; unique')
    .option('-f, --file <file>', 'the whole O-Cloud, YAML or JSON; - reads standard input')
    .option('--kubeconfig <file>', 'with embedded credentials; - reads standard input')
    .option('--simulated', 'one that the service plays itself')
    .option('--description <text>', 'for those who read the list')
    .option('--label <key=value>', 'may be given several times; templates may select by labels', keyAndValue)
    .action(async (name: string | undefined, options: AddOptions, command: Command) => {
      const context = contextOf(command)
      const oCloud = await context.api.oClouds.create(await bodyOf(name, options))
      printResult(context, oCloud, () => [
        clean(`${oCloud.name} is registered with the id ${oCloud.oCloudId}`),
        ...(oCloud.status?.reachable === false
          ? [clean(`it cannot be reached: ${oCloud.status.message ?? 'no answer'}`)]
          : []),
      ])
    })
  group
    .command('list')
    .summary('all O-Clouds')
    .description('All O-Clouds, with what the service found when it looked at them.')
    .action(async (_options: object, command: Command) => {
      const context = contextOf(command)
      const oClouds = await context.api.oClouds.list()
      printResult(context, oClouds, () => renderOClouds(oClouds, context.out.canvas()))
    })
  group
    .command('show')
    .summary('one O-Cloud')
    .description('One O-Cloud: labels, capacity, whether the service reaches it.')
    .argument('<oCloud>', 'name or id')
    .action(async (idOrName: string, _options: object, command: Command) => {
      const context = contextOf(command)
      const oCloud = await context.api.oClouds.find(idOrName)
      printResult(context, oCloud, () => renderOCloud(oCloud))
    })
  group
    .command('rm')
    .summary('forget a registered O-Cloud')
    .description(
      'Forgets a registered O-Cloud; nothing is removed from the cluster. One that a request uses, or made, stays until that request is deleted.',
    )
    .argument('<oCloud>', 'name or id')
    .action(async (idOrName: string, _options: object, command: Command) => {
      const context = contextOf(command)
      const { oCloudId, name } = await context.api.oClouds.find(idOrName)
      await context.api.oClouds.remove(oCloudId)
      printResult(context, { oCloudId, name, removed: true }, () => clean(`${name} is forgotten`))
    })
}

async function bodyOf(name: string | undefined, options: AddOptions): Promise<unknown> {
  const { file, kubeconfig, simulated, description, label } = options
  const others = {
    '[name]': name,
    '--kubeconfig': kubeconfig,
    '--simulated': simulated,
    '--description': description,
    '--label': label,
  }
  if (file !== undefined) {
    const beside = Object.entries(others).flatMap(([option, value]) => (value === undefined ? [] : [option]))
    if (beside.length > 0) throw new CommandFailure(`--file holds the whole O-Cloud: leave ${beside.join(', ')} out`)
    return readRequestFile(file)
  }
  if (name === undefined) throw new CommandFailure('an O-Cloud needs a name, or --file')
  if ((kubeconfig === undefined) === (simulated === undefined))
    throw new CommandFailure('an O-Cloud needs one of --kubeconfig and --simulated')
  return {
    name,
    ...(kubeconfig !== undefined && { kubeconfig: await readText(kubeconfig) }),
    ...(simulated && { simulated }),
    ...(description !== undefined && { description }),
    ...(label && { labels: label }),
  }
}
