import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runCli } from './run-cli.ts'
import { answer, aRequest, scriptedService, sendEvents } from './scripted-service.ts'

const FULFILLED = aRequest({ phase: 'FULFILLED', message: 'done', percent: 100, states: ['SUCCEEDED', 'SUCCEEDED'] })

describe('--output yaml', () => {
  test('standard output is the final representation', async () => {
    await using service = await scriptedService(({ method, url }, response) => {
      if (method === 'POST') return answer(response, 201, aRequest({}))
      if (!url.endsWith('/events')) return answer(response, 200, FULFILLED)
      sendEvents(response, [['1-0', 'end', { provisioningPhase: 'FULFILLED' }]])
      response.end()
    })
    const args = ['provision', '-f', '-', '--output', 'yaml', '--server', service.server]
    const { code, stdout, stderr } = await runCli(args, { input: '{}' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(parse(stdout)).toEqual(FULFILLED)
  })

  test('a failure is one YAML object on standard error', async () => {
    await using service = await scriptedService((_call, response) =>
      answer(response, 409, { title: 'Not possible in this phase', status: 409, code: 'WRONG_PHASE' }),
    )
    const { code, stdout, stderr } = await runCli(['retry', 'ran-1', '--output', 'yaml', '--server', service.server])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(parse(stderr)).toMatchObject({ title: 'Not possible in this phase', code: 'WRONG_PHASE', exitCode: 1 })
  })

  test('what a server says never drives the terminal', async () => {
    await using service = await scriptedService((_call, response) =>
      answer(response, 200, aRequest({ message: 'red\u001b[2J\u0007' })),
    )
    const { stdout } = await runCli(['status', 'ran-1', '--output', 'yaml', '--server', service.server])
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\u0007')
    expect(parse(stdout)).toMatchObject({ status: { message: 'red\u001b[2J\u0007' } })
  })

  test('another form is refused with those that there are', async () => {
    const { code, stderr } = await runCli(['status', '--output', 'xml'])
    expect(code).toBe(1)
    expect(stderr).toContain('Allowed choices are table, json, yaml')
  })
})
