// Writes the settings table of src/config.ts into the README; with --check it fails when the README has another one.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { settingsTable } from '../src/config.ts'

const BEGIN = '<!-- settings: written by scripts/settings.ts -->'
const END = '<!-- end of settings -->'

const path = fileURLToPath(new URL('../README.md', import.meta.url))
const readme = readFileSync(path, 'utf8')
const begin = readme.indexOf(BEGIN)
const end = readme.indexOf(END)
if (begin === -1 || end < begin) throw new Error(`README.md needs the lines "${BEGIN}" and "${END}"`)

const wanted = `${readme.slice(0, begin)}${BEGIN}\n${settingsTable()}\n${readme.slice(end)}`
if (!process.argv.includes('--check')) writeFileSync(path, wanted)
else if (wanted !== readme) {
  process.stderr.write('the settings table of README.md differs from src/config.ts\n')
  process.exitCode = 1
}
