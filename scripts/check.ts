// `npm run check`: everything that can be said about the code without starting a server. Two checks run at a time; one that fails prints what its tool said.
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'

interface Check {
  name: string
  command: string[]
  /** What to do when it fails. */
  fix?: string
}

const CHECKS: Check[] = [
  { name: 'types (tsc)', command: ['tsc'] },
  { name: 'lint and format (biome)', command: ['biome', 'check', '.'], fix: 'npm run fix' },
  { name: 'import rules (dependency-cruiser)', command: ['depcruise', 'src', 'scripts', '--output-type', 'err-long'] },
  { name: 'unused code (knip)', command: ['knip', '--no-progress'] },
  { name: 'OpenAPI drift', command: ['node', 'scripts/openapi.ts', '--check'], fix: 'npm run openapi' },
  { name: 'OpenAPI lint (redocly)', command: ['redocly', 'lint', 'openapi/o2ims.yaml'] },
  {
    name: 'settings in README and chart',
    command: ['node', 'scripts/settings.ts', '--check'],
    fix: 'node scripts/settings.ts',
  },
  { name: 'file length', command: ['node', 'scripts/file-length.ts'] },
]
const AT_ONCE = 2
const TIME_LIMIT_MS = 120_000

const env = {
  ...process.env,
  PATH: `${join(import.meta.dirname, '..', 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`,
  REDOCLY_TELEMETRY: 'off',
  REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
}

const waiting = [...CHECKS]
let failures = 0
await Promise.all(Array.from({ length: AT_ONCE }, work))
process.exitCode = failures > 0 ? 1 : 0

async function work(): Promise<void> {
  for (let check = waiting.shift(); check; check = waiting.shift()) {
    const started = performance.now()
    const { passed, output } = await run(check.command)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${check.name} (${seconds} s)\n`)
    if (passed) continue
    failures += 1
    process.stdout.write(`${output.trim()}\n${check.fix ? `To repair: ${check.fix}\n` : ''}\n`)
  }
}

function run([command = '', ...args]: string[]): Promise<{ passed: boolean; output: string }> {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIME_LIMIT_MS })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ passed: false, output: error.message }))
    child.on('close', (code, signal) =>
      resolve({ passed: code === 0, output: signal ? `${output}\nended by ${signal}` : output }),
    )
  })
}
