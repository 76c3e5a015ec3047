import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { CommandFailure } from './client/failure.ts'
import { DEFAULT_SERVER } from './client/http.ts'
import { addCancel } from './commands/cancel.ts'
import { addDelete } from './commands/delete.ts'
import { addDemo } from './commands/demo.ts'
import { addKubeconfig } from './commands/kubeconfig.ts'
import { addProvision } from './commands/provision.ts'
import { addReport } from './commands/report.ts'
import { addRetry } from './commands/retry.ts'
import { addServe } from './commands/serve.ts'
import { addStatus } from './commands/status.ts'
import { thisStart } from './started-as.ts'
import { failureText, usageText, wantsJson } from './tell-failure.ts'

const json = wantsJson(process.argv)
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
      .choices(['table', 'json'])
      .default('table')
      .helpGroup('Global options:'),
  )
  .showHelpAfterError(json ? false : `(${self} --help lists the commands)`)
  .configureOutput({ outputError: (message, write) => write(usageText(message, json)) })
  .configureHelp({ showGlobalOptions: true })

for (const add of [
  addServe,
  addDemo,
  addProvision,
  addStatus,
  addCancel,
  addRetry,
  addDelete,
  addReport,
  addKubeconfig,
])
  add(program)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(failureText(error, json))
  process.exitCode = error instanceof CommandFailure ? error.exitCode : 1
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0'
}
