import type { Command } from 'commander'
import { createBareProgram } from './bare-program.ts'
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
import type { Form } from './form.ts'

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
  const program = createBareProgram(form)
  for (const [group, commands] of Object.entries(GROUPS)) {
    program.commandsGroup(group)
    for (const add of commands) add(program)
  }
  return program
}
