import { CommandFailure } from './client/failure.ts'
import { wantedForm } from './form.ts'
import { createProgram } from './program.ts'
import { failureText } from './tell-failure.ts'

const form = wantedForm(process.argv)
try {
  await createProgram(form).parseAsync()
} catch (error) {
  process.stderr.write(failureText(error, form))
  process.exitCode = error instanceof CommandFailure ? error.exitCode : 1
}
