import { execFile } from 'node:child_process'
import { delimiter } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { candidates } from '../../src/cli/completion/candidates.ts'
import { SCRIPTS } from '../../src/cli/completion/scripts.ts'
import { createProgram } from '../../src/cli/program.ts'
import { needs } from '../harness/needs.ts'
import { ROOT, runCli } from './run-cli.ts'
import { answer, aRequest, scriptedService } from './scripted-service.ts'

const words = (...line: string[]) => candidates(createProgram('table'), line).items.map(({ word }) => word)

describe('what the command line takes next', () => {
  test('commands, and those of a group', () => {
    expect(words('')).toEqual(expect.arrayContaining(['provision', 'status', 'ocloud', 'doctor', 'validate']))
    expect(words('oc')).toEqual(['ocloud'])
    expect(words('ocloud', '')).toEqual(['add', 'list', 'show', 'rm', 'help'])
    expect(words('')).not.toContain('__complete')
  })

  test('options of the command and of all, values of an option, in either way to write them', () => {
    expect(words('status', '--f')).toEqual(['--follow'])
    expect(words('status', 'ran-1', '--')).toEqual(
      expect.arrayContaining(['--follow', '--server', '--output', '--help']),
    )
    expect(words('--output', 'y')).toEqual(['yaml'])
    expect(words('status', '--output=')).toEqual(['--output=table', '--output=json', '--output=yaml'])
    expect(words('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(words('status', '--', '--f')).toEqual([])
  })

  test('files where files are taken, names where the service knows them', () => {
    const program = createProgram('table')
    expect(candidates(program, ['provision', '-f', ''])).toMatchObject({ files: true })
    expect(candidates(program, ['template', 'add', ''])).toMatchObject({ files: true })
    expect(candidates(program, ['validate', 'a.yaml', ''])).toMatchObject({ files: true })
    expect(candidates(program, ['--server', 'http://x', 'logs', ''])).toMatchObject({ ask: 'id', server: 'http://x' })
    expect(candidates(program, ['kubeconfig', ''])).toMatchObject({ ask: 'oCloud' })
    expect(candidates(program, ['template', 'show', ''])).toMatchObject({ ask: 'template' })
    expect(candidates(program, ['logs', 'ran-1', ''])).toEqual({ items: [] })
  })
})

describe('o2ims completion', () => {
  const ask = (...line: string[]) => runCli(['__complete', '--', ...line])

  test('the scripts ask the command line itself, which asks the service', async () => {
    await using service = await scriptedService((_call, response) => answer(response, 200, [aRequest({})]))
    expect((await ask('--server', service.server, 'status', 'r')).stdout).toBe('ran-1\tPENDING ran at edge-1\n')
    expect(await ask('--server', 'http://127.0.0.1:39999', 'status', '')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect((await ask('report', 'x', '--format', '')).stdout.split('\n')).toContain('html\t')
    expect((await ask('provision', '-f', '')).stdout).toBe(':files\n')
  })

  test('a service that does not answer costs a moment, and no error', async () => {
    await using service = await scriptedService(() => undefined)
    const began = performance.now()
    expect(await ask('--server', service.server, 'status', '')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  test('bash completes with the script', async () => {
    const { stdout } = await runCli(['completion', 'bash'])
    expect(stdout).toBe(SCRIPTS.bash)
    const typed = (line: string) =>
      `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _o2ims; echo "\${COMPREPLY[@]}"`
    const script = `${stdout}\n${typed("o2ims oclo ''".replace(" ''", ''))}\n${typed("o2ims completion ''")}\n${typed('o2ims template add READ')}`
    const { stdout: replies } = await inShell('bash', ['-c', script])
    expect(replies.trim().split('\n')).toEqual(['ocloud', 'bash zsh fish', 'README.md'])
  })

  test('zsh takes the script', needs('zsh'), async () => {
    // The completion system itself wants a terminal: what it would offer is printed instead.
    const stub = `_describe() { print -l -- "\${(@P)2}" }; _files() { print files }; compdef() { : }`
    const script = `${stub}\n${SCRIPTS.zsh}\nwords=(o2ims completion ''); CURRENT=3; _o2ims; words=(o2ims template add ''); CURRENT=4; _o2ims`
    const { stdout } = await inShell('zsh', ['-f', '-c', script])
    expect(stdout.split('\n')).toEqual(['bash:', 'zsh:', 'fish:', 'files', ''])
  })

  test('fish completes with the script', needs('fish'), async () => {
    const { stdout } = await inShell('fish', [
      '--no-config',
      '-c',
      `${SCRIPTS.fish}\ncomplete -C 'o2ims completion '; complete -C 'o2ims template add READ'`,
    ])
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[0]),
    ).toEqual(['bash', 'fish', 'zsh', 'README.md'])
  })
})

function inShell(shell: string, args: string[]) {
  return promisify(execFile)(shell, args, {
    cwd: ROOT,
    timeout: 30_000,
    env: { PATH: `${ROOT}/node_modules/.bin${delimiter}${process.env.PATH}`, HOME: '/nonexistent' },
  })
}
