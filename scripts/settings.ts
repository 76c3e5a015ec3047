// Writes the settings of src/config.ts into the README, as a table, and into the schema of the chart's values; with --check it fails when one of them has others.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { settingsChoices, settingsTable } from '../src/config.ts'

const TABLE = /(<!-- settings: written by scripts\/settings\.ts -->\n)[\s\S]*(<!-- end of settings -->)/
const SCHEMA = /( {4}"settings": \{\n)[\s\S]*?(\n {4}\})/

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

/** YAML has true and false as words of their own. */
function chartSchema(): string {
  const properties = [...settingsChoices()].map(([name, choices]) => {
    const values = choices.flatMap((choice) => (/^(true|false)$/.test(choice) ? [choice, choice === 'true'] : [choice]))
    const listed = values.map((value) => JSON.stringify(value)).join(', ')
    return `        "${name}": { ${listed === '' ? '"$ref": "#/definitions/setting"' : `"enum": [${listed}]`} }`
  })
  const fixed = ['      "type": "object",', '      "additionalProperties": false,', '      "properties": {']
  return [...fixed, properties.join(',\n'), '      }'].join('\n')
}
