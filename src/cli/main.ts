import type { Command } from 'commander'
import { createBareProgram } from './bare-program.ts'
import { CommandFailure } from './client/failure.ts'
import { addServe } from './commands/serve.ts'
import { type Form, wantedForm } from './form.ts'
import { failureText } from './tell-failure.ts'

const form = wantedForm(process.argv)
try {
  const program = process.argv[2] === 'serve' ? serviceAlone(form) : await wholeProgram(form)
  await program.parseAsync()
} catch (error) {
  process.stderr.write(failureText(error, form))
  process.exitCode = error instanceof CommandFailure ? error.exitCode : 1
}

/** The service stays: it keeps nothing of the other commands in memory, and does not wait for them. */
function serviceAlone(form: Form): Command {
  const program = createBareProgram(form)
  addServe(program)
  return program
}

async function wholeProgram(form: Form): Promise<Command> {
  const { createProgram } = await import('./program.ts')
  return createProgram(form)
}
