import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { CommandFailure } from './client/failure.ts'
import { addCancel } from './commands/cancel.ts'
import { addDelete } from './commands/delete.ts'
import { addDemo } from './commands/demo.ts'
import { addKubeconfig } from './commands/kubeconfig.ts'
import { addProvision } from './commands/provision.ts'
import { addReport } from './commands/report.ts'
import { addRetry } from './commands/retry.ts'
import { addServe } from './commands/serve.ts'
import { addStatus } from './commands/status.ts'
import { DEFAULT_SERVER } from './context.ts'

const program = new Command('o2ims')
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
  .showHelpAfterError('(o2ims --help lists the commands)')
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
  const failure = error instanceof CommandFailure ? error : undefined
  const message = error instanceof Error ? (failure ? error.message : (error.stack ?? error.message)) : String(error)
  process.stderr.write(`error: ${message}\n${failure?.hint ? `${failure.hint}\n` : ''}`)
  process.exitCode = failure?.exitCode ?? 1
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0'
}
