import type { Command } from 'commander'
import { CommandFailure } from '../client/failure.ts'
import type { WireTemplate } from '../client/wire.ts'
import { type Context, contextOf, printResult } from '../context.ts'
import { readRequestFile } from '../request-file.ts'
import { renderTemplate, renderTemplates } from '../view/templates.ts'
import { clean } from '../view/text.ts'

/** `o2ims template list|show|add|rm` */
export function addTemplate(program: Command): void {
  const group = program
    .command('template')
    .summary('what can be asked for: list, show, publish, withdraw')
    .description('The published templates: what a request can ask for, with which parameters, in which steps.')
  group
    .command('list')
    .summary('all templates')
    .description('All templates.')
    .action(async (_options: object, command: Command) => {
      const context = contextOf(command)
      const templates = await context.api.templates.list()
      printResult(context, templates, () => renderTemplates(templates, context.out.canvas()))
    })
  group
    .command('show')
    .summary('one template: its parameters and steps')
    .description('One template: its parameters and its steps. Without a version, the newest one of that name.')
    .argument('<template>', 'its name')
    .argument('[version]', 'e.g. 1.0.0')
    .action(async (name: string, version: string | undefined, _options: object, command: Command) => {
      const context = contextOf(command)
      const template = await find(context, name, version)
      printResult(context, template, () => renderTemplate(template, context.out.canvas()))
    })
  group
    .command('add')
    .summary('publish a template')
    .description(
      'Publishes a template. It is checked, and then it cannot be changed any more: a change is the next version.',
    )
    .argument('<file>', 'YAML or JSON; - reads standard input')
    .action(async (file: string, _options: object, command: Command) => {
      const context = contextOf(command)
      const template = await context.api.templates.publish(await readRequestFile(file))
      printResult(context, template, () => clean(`${template.name} ${template.version} is published`))
    })
  group
    .command('rm')
    .summary('withdraw a template that no request names')
    .description('Withdraws a template. One that a request names stays until that request is deleted.')
    .argument('<template>', 'its name')
    .argument('<version>', 'e.g. 1.0.0')
    .action(async (name: string, version: string, _options: object, command: Command) => {
      const context = contextOf(command)
      await context.api.templates.remove(name, version)
      printResult(context, { name, version, removed: true }, () => `${name} ${version} is withdrawn`)
    })
}

async function find({ api, again }: Context, name: string, version: string | undefined): Promise<WireTemplate> {
  if (version !== undefined) return api.templates.get(name, version)
  const all = await api.templates.list()
  const newest = all
    .filter((template) => template.name === name)
    .sort(byVersion)
    .at(-1)
  if (newest) return newest
  throw new CommandFailure(`there is no template ${name}`, {
    hint: `"${again('template list')}" lists the published ones`,
  })
}

/** Semantic versions: numbers by their value, a pre-release before its release. */
function byVersion(a: WireTemplate, b: WireTemplate): number {
  const [first, second] = [a.version, b.version].map((version) => version.split('-', 1)[0] ?? '')
  return (
    (first ?? '').localeCompare(second ?? '', 'en', { numeric: true }) ||
    Number(b.version.includes('-')) - Number(a.version.includes('-')) ||
    a.version.localeCompare(b.version, 'en', { numeric: true })
  )
}
