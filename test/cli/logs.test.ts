import { describe, expect, test } from 'vitest'
import { parseLogLines } from '../../src/cli/client/log-lines.ts'
import { logLineText } from '../../src/cli/view/log-line.ts'
import { runCli, startCli } from './run-cli.ts'
import { answer, aRequest, scriptedService } from './scripted-service.ts'

const LOGS = '/o2ims/v1/provisioningRequests/ran-1/logs'
const line = (msg: string, more: object = {}) =>
  `${JSON.stringify({ time: '2026-11-24T10:00:00.000Z', level: 'info', msg, ...more })}\n`
const ndjson = { 'content-type': 'application/x-ndjson' }

describe('a line of the log', () => {
  test('shows time, level, step, tool and words, and never drives the terminal', () => {
    const lines = parseLogLines(
      `${line('creating\u001b[2J nodes', { step: 'cluster', tool: 'kind' })}no JSON\n${line('nothing new', { heartbeat: true })}`,
    )
    expect(lines.map((each) => logLineText(each, { color: false }))).toEqual([
      '10:00:00.000 INFO  cluster kind: creating nodes',
    ])
  })
})

describe('o2ims logs', () => {
  test('prints what stands; JSON line by line as the service keeps it, YAML as documents', async () => {
    await using service = await scriptedService(
      (_call, response) =>
        response.writeHead(200, ndjson).end(line('one', { step: 'check', extra: 'a "quote"' }) + line('two')) &&
        undefined,
    )
    const logs = (...args: string[]) => runCli(['logs', 'ran-1', '--server', service.server, ...args])
    expect(await logs('--tail', '5')).toEqual({
      code: 0,
      stdout: '10:00:00.000 INFO  check: one\n10:00:00.000 INFO  two\n',
      stderr: '',
    })
    expect(service.calls()).toEqual([`GET ${LOGS}?tail=5`])
    const json = (await logs('--output', 'json')).stdout.trimEnd().split('\n')
    expect(json.map((each) => JSON.parse(each))).toMatchObject([{ msg: 'one', extra: 'a "quote"' }, { msg: 'two' }])
    expect((await logs('--output', 'yaml')).stdout).toMatch(/^---\ntime: .*\nlevel: info\nmsg: one\n/)
  })

  test('-f stays until the request has ended, comes back after a break, and tells no line twice', async () => {
    let connections = 0
    await using service = await scriptedService(({ url }, response) => {
      if (!url.startsWith(LOGS))
        return answer(response, 200, aRequest({ phase: connections > 1 ? 'FULFILLED' : 'PROGRESSING' }))
      connections += 1
      response.writeHead(200, ndjson).write(line('one'))
      if (connections === 1) setTimeout(() => response.destroy(), 50)
      else response.end(line('still here', { heartbeat: true }) + line('two'))
    })
    const { code, stdout } = await runCli(['logs', '-f', 'ran-1', '--server', service.server])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '10:00:00.000 INFO  one\n10:00:00.000 INFO  two\n' })
    expect(service.calls()[0]).toBe(`GET ${LOGS}?follow=true`)
  })

  test('Ctrl-C ends -f with 130', async () => {
    await using service = await scriptedService(
      (_call, response) => void response.writeHead(200, ndjson).write(line('one')),
    )
    const cli = startCli(['logs', '-f', 'ran-1', '--server', service.server])
    await cli.says('one')
    cli.signal('SIGINT')
    expect((await cli.finished).code).toBe(130)
  })

  test.each(['ten', '-1', '10001', '1.5'])('--tail %s is refused by name', async (lines) => {
    const { code, stderr } = await runCli(['logs', 'ran-1', `--tail=${lines}`])
    expect(code).toBe(1)
    expect(stderr).toContain("option '--tail <lines>'")
    expect(stderr).toContain('whole number from 0 to 10000')
  })
})

describe('o2ims diagnostics', () => {
  test('prints what the service finds: YAML for people, JSON where JSON is asked for', async () => {
    const found = { collectedAt: '2026-11-24T10:00:00Z', pods: [{ name: 'du', why: 'ImagePullBackOff' }] }
    await using service = await scriptedService((_call, response) => answer(response, 200, found))
    const diagnostics = (...args: string[]) => runCli(['diagnostics', 'ran-1', '--server', service.server, ...args])
    expect((await diagnostics()).stdout).toContain('pods:\n  - name: du\n    why: ImagePullBackOff\n')
    expect(JSON.parse((await diagnostics('--output', 'json')).stdout)).toEqual(found)
    expect(service.calls()[0]).toBe('GET /o2ims/v1/provisioningRequests/ran-1/diagnostics')
  })
})
