import { z } from 'zod'
import type { WireTemplate } from '../client/wire.ts'
import type { Canvas } from './render.ts'
import { type Cell, renderTable } from './table.ts'
import { clean, wrap } from './text.ts'

/** Many templates, one line each. */
export function renderTemplates(templates: WireTemplate[], { width }: Canvas): string[] {
  if (templates.length === 0) return ['No template is published yet.']
  const rows = templates.map((template): Cell[] => [
    { text: template.name },
    { text: template.version },
    { text: template.result },
    { text: template.description },
  ])
  const columns = [
    { title: 'NAME' },
    { title: 'VERSION' },
    { title: 'RESULT', yields: 2 },
    { title: 'DESCRIPTION', min: 20, yields: 1 },
  ]
  return renderTable(columns, rows, { width })
}

const properties = z.record(
  z.string(),
  z.looseObject({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    format: z.string().optional(),
    default: z.unknown().optional(),
    description: z.string().optional(),
  }),
)
const parameters = z.looseObject({
  properties: properties.catch({}).default({}),
  required: z.array(z.string()).catch([]).default([]),
})

/** One template: what it does, its parameters, its steps. */
export function renderTemplate(template: WireTemplate, { width }: Canvas): string[] {
  const { name, version, result, timeoutSeconds, description, steps } = template
  const schema = parameters.parse(template.parameterSchema)
  const rows = Object.entries(schema.properties).map(([parameter, facts]): Cell[] => [
    { text: parameter },
    { text: typeOf(facts) },
    { text: defaultOf(facts.default, schema.required.includes(parameter)) },
    { text: facts.description ?? '' },
  ])
  const columns = [
    { title: 'PARAMETER' },
    { title: 'TYPE', min: 6, yields: 2 },
    { title: 'DEFAULT', min: 8 },
    { title: 'MEANS', min: 20, yields: 1, below: true },
  ]
  const stepColumns = [{ title: 'STEP' }, { title: 'USES' }]
  return [
    clean(`${name} ${version}, makes ${result}, ${timeoutSeconds} s`),
    ...wrap(clean(description), width),
    '',
    ...(rows.length > 0 ? renderTable(columns, rows, { width }) : ['It takes no parameters.']),
    '',
    ...renderTable(
      stepColumns,
      steps.map((step) => [{ text: step.name }, { text: step.uses }]),
      { width },
    ),
  ]
}

function typeOf({ type, enum: allowed, format }: z.infer<typeof properties>[string]): string {
  if (allowed) return allowed.map(String).join('|')
  return format ?? [type ?? []].flat().join('|')
}

function defaultOf(value: unknown, required: boolean): string {
  if (value !== undefined) return typeof value === 'string' ? value : JSON.stringify(value)
  return required ? '(required)' : ''
}
