import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Validated, ValidatedDocument } from '../../validation/validate.ts'
import { CommandFailure } from '../client/failure.ts'
import { type Context, contextOf, printResult } from '../context.ts'
import { readText } from '../request-file.ts'
import { clean } from '../view/text.ts'

interface Options {
  offline?: boolean
}

/** Which service has its say about requests: `named` has to answer, `usual` may. */
type Judge = 'named' | 'usual' | 'none'

/** `o2ims validate <files…>` */
export function addValidate(program: Command): void {
  program
    .command('validate')
    .summary('check requests, templates, O-Clouds and packages before they are sent')
    .description(
      'Checks what stands in files: requests, templates, O-Clouds, custom resources of FoCoM and the o2ims-operator; a folder is checked as a package. Writes nothing. A request is checked by the service, as a dry run, where one answers; else, and with --offline, against the sample templates.',
    )
    .argument('<files...>', 'YAML or JSON, or the folder of a package; - reads standard input')
    .option('--offline', 'ask no service')
    .action(async (files: string[], { offline }: Options, command: Command) => {
      const context = contextOf(command)
      const named = command.getOptionValueSourceWithGlobals('server') !== 'default'
      const judge = offline ? 'none' : named ? 'named' : 'usual'
      const results: Validated[] = []
      try {
        for (const file of files) results.push(...(await validate(context, file, judge)))
      } finally {
        print(context, results)
      }
      const wrong = results.filter(({ faults }) => faults.length > 0).length
      if (wrong > 0) throw new CommandFailure(`${wrong} of ${results.length} cannot be used as they are`)
    })
}

function print(context: Context, results: readonly Validated[]): void {
  const shown = results.map(({ source, what, faults, remarks }) => ({
    source,
    what,
    valid: faults.length === 0,
    faults,
    remarks,
  }))
  printResult(context, shown, () => results.flatMap(render))
}

async function validate(context: Context, file: string, judge: Judge): Promise<Validated[]> {
  // Loaded here, so that no other command pays for the rules of the service.
  const { unreadable, validateFolder, validateText } = await import('../../validation/validate.ts')
  const source = file === '-' ? 'standard input' : file
  if (file !== '-' && (await isFolder(file))) return [await validateFolder(file)]
  const text = await readText(file).catch((error: unknown) => {
    if (error instanceof CommandFailure) return error
    throw error
  })
  if (text instanceof CommandFailure) return [unreadable(source, text.message)]
  return Promise.all((await validateText(text, source)).map((document) => judged(context, document, judge)))
}

/** Where a service is asked, its word counts: it has templates and O-Clouds of its own. */
async function judged({ api }: Context, document: ValidatedDocument, judge: Judge): Promise<Validated> {
  if (document.what !== 'request' || judge === 'none') return document
  try {
    const { steps } = await api.dryRun(document.value)
    const changes = steps.flatMap((step) => step.changes).filter(({ action }) => action !== 'none').length
    return { ...document, faults: [], remarks: [`the service would make ${changes} changes`] }
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    const { problem } = error
    if (problem?.code === 'NO_WORKER')
      return {
        ...document,
        faults: [],
        remarks: ['the service takes it; no worker is there to say what it would change'],
      }
    if (problem?.code !== undefined && (error.status ?? 500) < 500) {
      const { errors = [], detail, title } = problem
      const faults = errors.length > 0 ? errors : [{ pointer: '', message: `${problem.code}: ${detail ?? title}` }]
      return { ...document, faults, remarks: [] }
    }
    if (judge === 'named') throw error
    return { ...document, remarks: [...document.remarks, 'checked against the sample templates: no service answers'] }
  }
}

function render({ source, what, faults, remarks }: Validated): string[] {
  const verdict = faults.length === 0 ? 'valid' : `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`
  return [
    clean(`${source}: ${what}, ${verdict}`),
    ...faults.map(({ pointer, message }) => `  ${clean(pointer === '' ? message : `${pointer}: ${message}`)}`),
    ...remarks.map((remark) => `  (${clean(remark)})`),
  ]
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory()
  } catch {
    // Whoever reads it says why it cannot be read.
    return false
  }
}
