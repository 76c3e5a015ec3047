import type { Requirement } from '../o2ims/requirement.ts'

/** What the tests say of one requirement. */
export interface Shown {
  passed: boolean
  /** Files of its tests, from the root of the project. */
  files: string[]
}

/** Ids at the start of a test's name: `FLT-03 FLT-04 ten operators …`. */
export function idsOf(name: string): string[] {
  const [start = ''] = /^([A-Z]{3}-\d{2}(,? |$))+/.exec(name) ?? []
  return start.match(/[A-Z]{3}-\d{2}/g) ?? []
}

/** What is wrong with the table: a row without a test, a test without a row. */
export function faultsOf(requirements: readonly Requirement[], shown: ReadonlyMap<string, Shown>): string[] {
  const known = new Set(requirements.map(({ id }) => id))
  const strangers = [...shown.keys()].filter((id) => !known.has(id)).map((id) => `${id} has a test and no row`)
  const rows = requirements.flatMap(({ id, notApplicable }) => {
    if (notApplicable !== undefined) return shown.has(id) ? [`${id} is not applicable, but has a test`] : []
    return shown.has(id) ? [] : [`${id} has no test`]
  })
  return [...strangers, ...rows]
}

/** docs/conformance.md. */
export function renderConformance(requirements: readonly Requirement[], shown: ReadonlyMap<string, Shown>): string {
  const states = requirements.map((row) => stateOf(row, shown.get(row.id)))
  const count = (state: string) => states.filter((one) => one === state).length
  return [
    '# Conformance',
    '',
    'The requirements on an O2 IMS in O-RAN.WG6.TS.O2IMS-INTERFACE (R004-v10.00, and R005 where it is known), in our words: general protocol, versions, result sets,',
    'errors, registration, inventory, notifications. Written by `npm run conformance` from the results of the tests in `test/o2ims/`, whose names start with these ids;',
    '`make test` fails when a row has no passing test or this page says something else.',
    '',
    `${count('met')} met, ${count('partly met')} partly met, ${count('not applicable')} not applicable, ${count('NOT MET')} not met.`,
    '',
    '| Id | Level | Requirement | Clause | How it is met | Test | State |',
    '|---|---|---|---|---|---|---|',
    ...requirements.map((row, index) => line(row, shown.get(row.id), states[index] ?? '')),
    '',
  ].join('\n')
}

function stateOf({ notApplicable, partly }: Requirement, shown: Shown | undefined): string {
  if (notApplicable !== undefined) return 'not applicable'
  if (!shown?.passed) return 'NOT MET'
  return partly === undefined ? 'met' : 'partly met'
}

function line(row: Requirement, shown: Shown | undefined, state: string): string {
  const how = [
    row.how,
    row.reading && `Our reading: ${row.reading}`,
    row.partly && `Missing: ${row.partly}`,
    row.notApplicable,
  ]
  const files = (shown?.files ?? []).map((file) => `[${name(file)}](../${file})`)
  const cells = [row.id, row.level, row.requirement, row.clause, how.filter(Boolean).join(' '), files.join(', '), state]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

const name = (file: string): string => file.replace(/^.*\//, '').replace(/\.test\.ts$/, '')
