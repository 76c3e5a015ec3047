import { describe, expect, test } from 'vitest'
import { runCli, SELF, startCli } from './run-cli.ts'
import { answer, aRequest, scriptedService, sendEvents } from './scripted-service.ts'

const PATH = '/o2ims/v1/provisioningRequests'

describe('o2ims status', () => {
  test('lists every page', async () => {
    await using service = await scriptedService(({ url }, response) => {
      const link = `<${PATH}?nextpage_opaque_marker=two>; rel="next"`
      return answer(response, 200, [aRequest({})], url.includes('marker') ? {} : { link })
    })
    const { code, stdout } = await runCli(['status', '--server', service.server])
    expect(code).toBe(0)
    expect(stdout.match(/ran-1/g)).toHaveLength(2)
    expect(service.calls()).toEqual([`GET ${PATH}`, `GET ${PATH}?nextpage_opaque_marker=two`])
  })

  test('asks the server that was named, whatever a Link says', async () => {
    await using service = await scriptedService(({ url }, response) =>
      answer(response, 200, [], url.includes('marker') ? {} : { link: '<http://192.0.2.1/?marker=1>; rel="next"' }),
    )
    const { code } = await runCli(['status'], { env: { O2IMS_SERVER: service.server } })
    expect({ code, calls: service.calls() }).toEqual({ code: 0, calls: [`GET ${PATH}`, `GET ${PATH}?marker=1`] })
  })

  test('escapes the id, and prints nothing of a server that drives the terminal', async () => {
    await using service = await scriptedService((_call, response) =>
      answer(response, 200, aRequest({ message: 'red\u001b[2J\u0007 alert\nnext line' })),
    )
    const { code, stdout } = await runCli(['status', 'a/b c', '--server', service.server])
    expect({ code, calls: service.calls() }).toEqual({ code: 0, calls: [`GET ${PATH}/a%2Fb%20c`] })
    expect(stdout).toContain('red alert next line')
  })

  test('answers what was asked with 0; with --follow gives the exit code of the failure', async () => {
    const error = {
      code: 'TIMEOUT',
      exitCode: 7,
      step: 'check',
      cause: 'the deadline has passed',
      undone: [],
      left: [],
    }
    const failed = aRequest({ phase: 'FAILED', states: ['FAILED', 'PENDING'], error })
    await using service = await scriptedService(({ url }, response) => {
      if (!url.endsWith('/events')) return answer(response, 200, failed)
      sendEvents(response, [
        ['1-0', 'snapshot', failed],
        ['2-0', 'end', { provisioningPhase: 'FAILED' }],
      ])
      response.end()
    })
    expect((await runCli(['status', 'ran-1', '--server', service.server])).code).toBe(0)
    expect((await runCli(['status', 'ran-1', '--follow', '--server', service.server])).code).toBe(7)
    const { stdout } = await runCli(['status', '--help'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('the exit code is 0 for a FAILED request too')
  })
})

describe('o2ims status --resources', () => {
  test('prints the table of the service as it is, and nothing that drives the terminal', async () => {
    const table = 'RESOURCE                       TYPE\ndu                             Deployment\u001b[2J\n'
    await using service = await scriptedService((_call, response) => void response.end(table))
    const { code, stdout } = await runCli(['status', 'ran-1', '--resources', '--server', service.server])
    expect({ code, stdout }).toEqual({ code: 0, stdout: table.replace('\u001b[2J', '') })
    expect(service.calls()).toEqual([`GET ${PATH}/ran-1/status-table`])
  })
})

describe('o2ims delete', () => {
  test('with --follow ends with 0 when the request is gone', async () => {
    await using service = await scriptedService(({ method, url }, response) => {
      const deleting = aRequest({ phase: 'DELETING', message: 'undoing' })
      if (method === 'DELETE') return answer(response, 202, deleting)
      if (!url.endsWith('/events')) return answer(response, 200, deleting)
      sendEvents(response, [
        ['1-0', 'snapshot', deleting],
        ['2-0', 'end', { deleted: true }],
      ])
      response.end()
    })
    const { code, stdout } = await runCli(['delete', 'ran-1', '--follow', '--server', service.server])
    expect(code).toBe(0)
    expect(stdout).toContain('ran-1 is deleted')
  })

  test('with --orphan says what is left behind', async () => {
    const left = [{ apiVersion: 'v1', kind: 'Namespace', name: 'ran' }]
    await using service = await scriptedService((_call, response) => answer(response, 202, { left }))
    const { code, stderr } = await runCli(['delete', 'ran-1', '--orphan', '--server', service.server])
    expect({ code, calls: service.calls() }).toEqual({ code: 0, calls: [`DELETE ${PATH}/ran-1?orphan=true`] })
    expect(stderr).toContain('left behind: Namespace ran')
  })

  test('says in its help what --orphan leaves alone', async () => {
    const { stdout } = await runCli(['delete', '--help'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('With --orphan nothing is removed from the clusters')
  })
})

describe('the other commands', () => {
  test('cancel and retry post to their addresses; a wrong phase is exit code 1', async () => {
    await using service = await scriptedService(({ url }, response) =>
      url.endsWith('/cancel')
        ? answer(response, 202, aRequest({}))
        : answer(response, 409, { title: 'Not possible in this phase', status: 409, code: 'WRONG_PHASE' }),
    )
    expect((await runCli(['cancel', 'ran-1', '--server', service.server])).code).toBe(0)
    const retry = await runCli(['retry', 'ran-1', '--server', service.server])
    expect(retry).toMatchObject({ code: 1, stdout: '' })
    expect(retry.stderr).toContain('Not possible in this phase (WRONG_PHASE)')
    expect(service.calls()).toEqual([`POST ${PATH}/ran-1/cancel`, `POST ${PATH}/ran-1/retry`])
  })

  test('report is Markdown, or JSON in lines', async () => {
    const body = JSON.stringify({ name: 'ran-1', steps: [] })
    await using service = await scriptedService(
      ({ headers }, response) => void response.end(headers.accept?.includes('markdown') ? '# ran-1' : body),
    )
    const at = ['--server', service.server]
    expect((await runCli(['report', 'ran-1', ...at])).stdout).toBe('# ran-1\n')
    const inLines = '{\n  "name": "ran-1",\n  "steps": []\n}\n'
    expect((await runCli(['report', 'ran-1', '--format', 'json', ...at])).stdout).toBe(inLines)
    expect((await runCli(['report', 'ran-1', '--output', 'json', ...at])).stdout).toBe(inLines)
  })

  test.each([
    [['status', '--server', 'ftp://x'], 'is not the address of a service'],
    [['status', '--server', 'http://127.0.0.1:39999'], 'cannot be reached: connect ECONNREFUSED 127.0.0.1:39999'],
    [['provision', '-f', '/nowhere.yaml'], '/nowhere.yaml cannot be read'],
    [['status', '--resources'], '--resources needs the id of a request'],
    [['status', 'x', '--resources', '--follow'], 'leave --follow out'],
    [['status', 'x', '--resources', '--output', 'json'], '--resources is a table'],
    [['dance'], "unknown command 'dance'"],
    [
      ['report', 'ran-1', '--format', 'md', '--output', 'json'],
      '--format md and --output json are two different forms',
    ],
    [['status', '--server', 'http://127.0.0.1:6000'], 'port 6000 is one that browsers and fetch refuse to connect to'],
    [['status', '--server', 'http://127.0.0.1:9'], 'let the service listen on another port'],
    [['serve', '--output', 'json'], 'logs lines of JSON in any case'],
    [['completion', 'bash', '--output', 'yaml'], 'a completion script has no other form'],
  ])('%j ends with 1 and one clear message', async (args, message) => {
    const { code, stderr } = await runCli(args)
    expect(code).toBe(1)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('    at ')
  })

  test('a server that is no o2ims is named as such', async () => {
    await using service = await scriptedService((_call, response) => void response.end('<html>hello</html>'))
    const { code, stderr } = await runCli(['status', '--server', service.server])
    expect(code).toBe(1)
    expect(stderr).toContain('answers something else than o2ims does')
  })

  test('a --server with a path that the service does not serve is told without it', async () => {
    await using service = await scriptedService(({ url }, response) =>
      answer(response, 404, { title: 'Not found', status: 404, instance: url, code: 'NOT_FOUND' }),
    )
    const { stderr } = await runCli(['status', 'ran-1', '--server', `${service.server}/portal/`])
    expect(service.calls()).toEqual([`GET /portal${PATH}/ran-1`])
    expect(stderr).toContain(`--server has the path /portal: write it without, ${service.server}`)
  })

  test('a path that a proxy takes away stays in what is told, and a password does not', async () => {
    await using service = await scriptedService(({ url, method }, response) =>
      method === 'POST'
        ? answer(response, 202, aRequest({}))
        : answer(response, 404, { title: 'Not found', status: 404, instance: url.slice('/edge'.length) }),
    )
    const server = `${service.server.replace('//', '//me:geheim@')}/edge`
    expect((await runCli(['status', 'ran-1', '--server', server])).stderr).not.toContain('write it without')
    const { stdout } = await runCli(['cancel', 'ran-1', '--server', server])
    expect(stdout).toContain(`${SELF} --server ${service.server}/edge status ran-1 --follow`)
  })

  test('whose reader has seen enough ends without a word', async () => {
    await using service = await scriptedService((_call, response) => answer(response, 200, [aRequest({})]))
    const cli = startCli(['status', '--server', service.server])
    cli.stopReading()
    expect(await cli.finished).toMatchObject({ code: 141, stderr: '' })
  })
})
