import { stringify } from 'yaml'

/** How results are printed: for people, or for programs. */
export const FORMS = ['table', 'json', 'yaml'] as const
export type Form = (typeof FORMS)[number]
/** The forms that programs read. */
export type DataForm = Exclude<Form, 'table'>

/** A value as one JSON or YAML document, without the line break at its end. */
export function documentText(value: unknown, form: DataForm): string {
  if (form === 'json') return escaped(JSON.stringify(value, null, 2))
  // What JSON leaves out is left out here as well; references would surprise a reader who greps.
  return escaped(stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd())
}

/** A value as JSON in one line. */
export const jsonLine = (value: unknown): string => escaped(JSON.stringify(value))

/** JSON leaves these control characters as they are, and so does YAML, which quotes what holds them; terminals obey them. */
const escaped = (text: string): string =>
  text.replace(/[\u007f-\u009f]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** The form that the arguments ask for, also when they cannot be parsed. */
export function wantedForm(args: readonly string[]): Form {
  const last = args.findLast((arg, index) => arg.startsWith('--output=') || args[index - 1] === '--output')
  const word = last?.replace(/^--output=/, '')
  return FORMS.find((form) => form === word) ?? 'table'
}
