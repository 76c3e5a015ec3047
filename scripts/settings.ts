// Writes the settings of src/config.ts into the README, as a table, and into the schema of the chart's values; with --check it fails when one of them has others.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { settingsChoices, settingsTable } from '../src/config.ts'

const TABLE = /(<!-- settings: written by scripts\/settings\.ts -->\n)[\s\S]*(<!-- end of settings -->)/
const SCHEMA = /( {4}"settings": \{\n)[\s\S]*?(\n {4}\})/
/** As biome has it, a comma included. */
const LINE_WIDTH = 120

put('README.md', TABLE, `${settingsTable()}\n`)
put('charts/o2ims/values.schema.json', SCHEMA, chartSchema())

function put(file: string, place: RegExp, wanted: string): void {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
  const text = readFileSync(path, 'utf8')
  if (!place.test(text)) throw new Error(`${file} has no place for the settings: ${place}`)
  const whole = text.replace(place, (_all, before: string, after: string) => before + wanted + after)
  if (!process.argv.includes('--check')) writeFileSync(path, whole)
  else if (whole !== text) {
    process.stderr.write(`the settings in ${file} differ from src/config.ts\n`)
    process.exitCode = 1
  }
}

/** Names in groups that take the same, a few on a line. YAML has true and false as words of their own. */
function chartSchema(): string {
  const groups = new Map<string, string[]>()
  for (const [name, choices] of settingsChoices()) {
    const values = choices.flatMap((choice) => (/^(true|false)$/.test(choice) ? [choice, choice === 'true'] : [choice]))
    const listed = values.map((value) => JSON.stringify(value)).join(', ')
    const takes = listed === '' ? '"$ref": "#/definitions/setting"' : `"enum": [${listed}]`
    groups.set(takes, [...(groups.get(takes) ?? []), name])
  }
  const lines = [...groups].flatMap(([takes, names]) => {
    const line = (few: string[]) => `        "^(${few.join('|')})$": { ${takes} }`
    return packed(names, (few) => line(few).length < LINE_WIDTH).map(line)
  })
  const fixed = ['      "type": "object",', '      "additionalProperties": false,', '      "patternProperties": {']
  return [...fixed, lines.join(',\n'), '      }'].join('\n')
}

function packed(names: readonly string[], fits: (few: string[]) => boolean): string[][] {
  const packs: string[][] = []
  for (const name of names) {
    const last = packs.at(-1)
    if (last !== undefined && fits([...last, name])) last.push(name)
    else packs.push([name])
  }
  return packs
}
