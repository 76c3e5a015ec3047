// No file above 400 lines: who needs sections needs files.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const LIMIT = 400
const GENERATED = /^(package-lock\.json$|openapi\/)/
const TEXT = /\.(ts|js|cjs|mjs|sh|md|ya?ml|json|html|css|txt)$|(^|\/)(Makefile|run)$/

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  encoding: 'utf8',
  timeout: 10_000,
}).split('\n')
const tooLong = tracked
  .filter((file) => TEXT.test(file) && !GENERATED.test(file) && existsSync(file))
  .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
  .filter(({ lines }) => lines > LIMIT)

for (const { file, lines } of tooLong)
  process.stderr.write(`${file}: ${lines} lines, ${LIMIT} are allowed: make two files of it\n`)
process.exitCode = tooLong.length > 0 ? 1 : 0
