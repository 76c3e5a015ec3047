import type { Command } from 'commander'
import { contextOf } from '../context.ts'

/** `o2ims kubeconfig <oCloudId>` */
export function addKubeconfig(program: Command): void {
  program
    .command('kubeconfig')
    .summary('print the kubeconfig of a cluster that a request made')
    .description(
      'Prints the kubeconfig (a secret) of a cluster that a request of this service made: o2ims kubeconfig ID > FILE',
    )
    .argument('<oCloudId>', 'the nodeClusterId of the request')
    .action(async (oCloudId: string, _options: object, command: Command) => {
      process.stdout.write(await contextOf(command).api.kubeconfig(oCloudId))
    })
}
