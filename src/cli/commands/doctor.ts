import { type Command, Option } from 'commander'
import { CommandFailure } from '../client/failure.ts'
import { contextOf, printResult } from '../context.ts'
import { lookAtDocker } from '../doctor/docker.ts'
import { JOBS, type Job, verdicts } from '../doctor/finding.ts'
import { lookAtMachine } from '../doctor/machine.ts'
import { renderFindings } from '../doctor/render.ts'
import { lookAtNode, lookAtTools } from '../doctor/tools.ts'

/** `o2ims doctor` */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('what this machine has, what is missing, and how to get it')
    .description(
      'Looks at this machine: each tool with its version, what needs it, and what to do where it is missing. Needs no service. Exits 0 when requests on simulated O-Clouds can run here; with --for, when that job can.',
    )
    .addOption(
      new Option('--for <job>', 'demand what this job needs; the names are those of templates')
        .choices(Object.keys(JOBS))
        .default('simulated'),
    )
    .action(async ({ for: wanted }: { for: Job }, command: Command) => {
      const context = contextOf(command)
      const { env } = process
      const [tools, docker, machine] = await Promise.all([lookAtTools(env), lookAtDocker(env), lookAtMachine(env)])
      const findings = [lookAtNode(), ...tools, ...docker, ...machine]
      const jobs = verdicts(findings)
      const verdict = jobs.find(({ job }) => job === wanted)
      printResult(context, { findings, jobs, for: wanted, possible: verdict?.possible }, () =>
        renderFindings(findings, jobs, context.out.canvas()),
      )
      if (verdict?.possible !== true)
        throw new CommandFailure(`this machine cannot run ${wanted}: it lacks ${verdict?.lacks.join(', ')}`, {
          hint: 'what to do stands above, or under "remedy"',
        })
    })
}
