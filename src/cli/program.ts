import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { DEFAULT_SERVER } from './client/http.ts'
import { addApprove, addReject } from './commands/approval.ts'
import { addCancel } from './commands/cancel.ts'
import { addCompletion } from './commands/completion.ts'
import { addDelete } from './commands/delete.ts'
import { addDemo } from './commands/demo.ts'
import { addDiagnostics } from './commands/diagnostics.ts'
import { addDoctor } from './commands/doctor.ts'
import { addKubeconfig } from './commands/kubeconfig.ts'
import { addLogs } from './commands/logs.ts'
import { addOCloud } from './commands/ocloud.ts'
import { addPlayOperators } from './commands/play-operators.ts'
import { addProvision } from './commands/provision.ts'
import { addReport } from './commands/report.ts'
import { addRetry } from './commands/retry.ts'
import { addServe } from './commands/serve.ts'
import { addStatus } from './commands/status.ts'
import { addTemplate } from './commands/template.ts'
import { addValidate } from './commands/validate.ts'
import { exitCodesText } from './exit-codes.ts'
import { FORMS, type Form } from './form.ts'
import { thisStart } from './started-as.ts'
import { usageText } from './tell-failure.ts'

/** The commands by what they are about, in the order of `--help`. */
const GROUPS: Record<string, readonly ((program: Command) => void)[]> = {
  'Requests:': [
    addProvision,
    addStatus,
    addLogs,
    addReport,
    addDiagnostics,
    addCancel,
    addRetry,
    addApprove,
    addReject,
    addDelete,
  ],
  'O-Clouds and templates:': [addOCloud, addKubeconfig, addTemplate],
  'The service:': [addServe, addDemo, addPlayOperators],
  'Before it starts:': [addDoctor, addValidate, addCompletion],
}

/** The whole command line. `form`: in which failures of the command line itself are told. */
export function createProgram(form: Form): Command {
  const self = thisStart()
  const program = new Command(self)
    .description('Provisions clusters and workloads through an O-RAN O2 IMS service.')
    .version(packageVersion())
    .addOption(
      new Option('--server <url>', 'the service')
        .env('O2IMS_SERVER')
        .default(DEFAULT_SERVER)
        .helpGroup('Global options:'),
    )
    .addOption(
      new Option('--output <form>', 'how results are printed')
        .choices(FORMS)
        .default('table')
        .helpGroup('Global options:'),
    )
    .showHelpAfterError(form === 'table' ? `(${self} --help lists the commands)` : false)
    .configureOutput({ outputError: (message, write) => write(usageText(message, form)) })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', () => exitCodesText(process.stdout.columns || 80))
  for (const [group, commands] of Object.entries(GROUPS)) {
    program.commandsGroup(group)
    for (const add of commands) add(program)
  }
  return program
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0'
}
