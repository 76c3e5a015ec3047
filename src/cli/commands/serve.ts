import { type Command, InvalidArgumentError } from 'commander'

const ROLES = ['api', 'worker'] as const
type Role = (typeof ROLES)[number]

/** Options that stand for a setting of the environment. */
const SETTINGS = { port: 'PORT', host: 'HOST', dataDir: 'DATA_DIR', logLevel: 'LOG_LEVEL' } as const
type Options = { roles: Role[] } & Partial<Record<keyof typeof SETTINGS, string>>

/** `o2ims serve`: the service itself, in this process. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .summary('start the service and stay')
    .description('Starts the service and stays. Settings come from the environment; an option goes before its setting.')
    .option('--roles <roles>', 'api, worker, or both', parseRoles, [...ROLES])
    .option('--port <port>', 'PORT: where the API listens (8080)')
    .option('--host <host>', 'HOST: the address that it listens on (127.0.0.1)')
    .option('--data-dir <folder>', 'DATA_DIR: data of the embedded Redis (.data)')
    .option('--log-level <level>', 'LOG_LEVEL: trace, debug, info, warn, error')
    .action(async (options: Options, command: Command) => {
      const { output } = command.optsWithGlobals<{ output: string }>()
      if (output !== 'table') command.error('error: the service logs lines of JSON in any case: leave --output out')
      const env = { ...process.env }
      for (const [option, setting] of Object.entries(SETTINGS)) {
        const value = options[option as keyof typeof SETTINGS]
        if (value !== undefined) env[setting] = value
      }
      // Loaded here, so that no other command pays for the service.
      const { serve } = await import('../../main.ts')
      await serve(env, options.roles)
    })
}

function parseRoles(text: string): Role[] {
  const wanted = text.split(',').map((role) => role.trim())
  const unknown = wanted.find((role) => !ROLES.some((each) => each === role))
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is no role; there are api and worker.`)
  return ROLES.filter((role) => wanted.includes(role))
}
