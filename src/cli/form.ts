import { stringify } from 'yaml'

/** How results are printed: for people, or for programs. */
export const FORMS = ['table', 'json', 'yaml'] as const
export type Form = (typeof FORMS)[number]
/** The forms that programs read. */
export type DataForm = Exclude<Form, 'table'>

/** A value as one JSON or YAML document, without the line break at its end. */
export function documentText(value: unknown, form: DataForm): string {
  if (form === 'json') return JSON.stringify(value, null, 2)
  // What JSON leaves out is left out here as well; references would surprise a reader who greps.
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd()
}

/** The form that the arguments ask for, also when they cannot be parsed. */
export function wantedForm(args: readonly string[]): Form {
  const last = args.findLast((arg, index) => arg.startsWith('--output=') || args[index - 1] === '--output')
  const word = last?.replace(/^--output=/, '')
  return FORMS.find((form) => form === word) ?? 'table'
}
