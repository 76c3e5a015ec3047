import { describe, expect, test } from 'vitest'
import { EXIT_CODES, exitCodesText } from '../../src/cli/exit-codes.ts'
import { ERROR_CODES } from '../../src/errors.ts'
import { runCli } from './run-cli.ts'
import { answer, aRequest, scriptedService, sendEvents } from './scripted-service.ts'

const PROVISIONING = [
  'PREFLIGHT_FAILED',
  'KIND_FAILED',
  'FOCOM_FAILED',
  'SECRET_FAILED',
  'APPLY_FAILED',
  'PROVISIONING_FAILED',
  'TIMEOUT',
  'CLEANUP_FAILED',
] as const

describe('exit codes', () => {
  test('each one of 1 to 8 names the failures that the service has for it', () => {
    for (const { code, errors = [] } of EXIT_CODES)
      for (const error of errors) expect(ERROR_CODES).toHaveProperty(`${error}.exitCode`, code)
    const named = EXIT_CODES.flatMap(({ errors = [] }) => errors)
    const above1 = Object.entries(ERROR_CODES).filter(([name, { exitCode }]) => exitCode > 1 && name !== 'INTERNAL')
    expect(named).toEqual(expect.arrayContaining(above1.map(([name]) => name)))
  })

  test('F19: the table stands in --help, fits the terminal, and help says nothing else', async () => {
    const { code, stdout, stderr } = await runCli(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const each of [0, 1, 2, 3, 4, 5, 6, 7, 8, 130])
      expect(stdout).toMatch(new RegExp(`^ {2}${each} +[a-zA-Z]`, 'm'))
    expect(
      exitCodesText(50)
        .split('\n')
        .every((line) => line.length <= 50),
    ).toBe(true)
  })

  test.each(PROVISIONING.map((name) => [ERROR_CODES[name].exitCode, name] as const))(
    'F13: %i is what a request ends with that failed with %s',
    async (exitCode, code) => {
      const error = { code, exitCode, step: 'workload', cause: 'as the test says', undone: [], left: [] }
      const failed = aRequest({ phase: 'FAILED', error })
      await using service = await scriptedService(({ url }, response) => {
        if (!url.endsWith('/events')) return answer(response, 200, failed)
        sendEvents(response, [
          ['1-0', 'snapshot', failed],
          ['2-0', 'end', { provisioningPhase: 'FAILED' }],
        ])
        response.end()
      })
      const ended = await runCli(['status', 'ran-1', '--follow', '--server', service.server])
      expect(ended.code).toBe(exitCode)
      expect(ended.stderr).toContain(`${code} in step workload: as the test says`)
    },
  )
})
