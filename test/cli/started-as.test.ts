import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createAgain, startedAs } from '../../src/cli/started-as.ts'
import { ROOT } from './run-cli.ts'

const run = promisify(execFile)
const BIN_FOLDER = join(ROOT, 'node_modules', '.bin')

describe('the words that start the command line again', () => {
  const cwd = '/home/me/o2ims'
  const npx = { npm_command: 'exec', npm_lifecycle_script: "'o2ims'", PATH: `${cwd}/node_modules/.bin:/usr/bin` }
  test.each([
    ['npx o2ims', `${cwd}/node_modules/.bin/o2ims`, npx],
    ['o2ims', `${cwd}/node_modules/.bin/o2ims`, { PATH: `/usr/bin:${cwd}/node_modules/.bin` }],
    [
      'o2ims',
      '/usr/local/bin/o2ims',
      { PATH: '/usr/local/bin', npm_command: 'exec', npm_lifecycle_script: "'vitest'" },
    ],
    ['node_modules/.bin/o2ims', `${cwd}/node_modules/.bin/o2ims`, { PATH: '/usr/bin' }],
    ['./o2ims', `${cwd}/o2ims`, {}],
    ['node bin/o2ims.js', `${cwd}/bin/o2ims.js`, npx],
    ['node /opt/o2ims/bin/o2ims.js', '/opt/o2ims/bin/o2ims.js', { PATH: '/opt/o2ims/bin' }],
    ["node '/opt/it'\\''s here/o2ims.js'", "/opt/it's here/o2ims.js", {}],
  ])('%s', (words, file, env) => expect(startedAs({ file, cwd, env })).toBe(words))

  test('name the server unless it is the usual one, and never for serve', () => {
    expect(createAgain('o2ims', 'http://127.0.0.1:8080')('status')).toBe('o2ims status')
    expect(createAgain('o2ims', 'http://[::1]:80/a b')('status')).toBe("o2ims --server 'http://[::1]:80/a b' status")
    expect(createAgain('o2ims', 'http://edge')('serve --roles worker')).toBe('o2ims serve --roles worker')
  })
})

describe('a command that was truly started', () => {
  const usage = async (command: string, args: string[], env: NodeJS.ProcessEnv) =>
    (await run(command, [...args, '--help'], { cwd: ROOT, env, timeout: 30_000 })).stdout.split('\n')[0]
  const { npm_command: _, npm_lifecycle_script: __, ...plain } = process.env

  test.each([
    ['npx', ['--no-install', 'o2ims'], 'npx o2ims'],
    ['o2ims', [], 'o2ims'],
    [join(BIN_FOLDER, 'o2ims'), [], 'o2ims'],
    ['node', ['bin/o2ims.js'], 'node bin/o2ims.js'],
  ])('as %s %j knows it', async (command, args, words) => {
    const env = { ...plain, PATH: `${BIN_FOLDER}:${process.env.PATH}` }
    expect(await usage(command, args, env)).toBe(`Usage: ${words} [options] [command]`)
  })

  test('by its path knows it', async () => {
    const path = (plain.PATH ?? '').split(':').filter((folder) => folder !== BIN_FOLDER)
    const env = { ...plain, PATH: [...path, join(BIN_FOLDER, '..', 'node', 'bin')].join(':') }
    expect(await usage('node_modules/.bin/o2ims', [], env)).toMatch(/^Usage: node_modules\/\.bin\/o2ims /)
  })
})
