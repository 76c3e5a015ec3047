import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { DEFAULT_SERVER } from './client/http.ts'
import { exitCodesText } from './exit-codes.ts'
import { FORMS, type Form } from './form.ts'
import { thisStart } from './started-as.ts'
import { usageText } from './tell-failure.ts'

/** The command line without its commands. `form`: in which failures of the command line itself are told. */
export function createBareProgram(form: Form): Command {
  const self = thisStart()
  return new Command(self)
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
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0'
}
