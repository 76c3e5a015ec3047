import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
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

  test('with --follow gives the exit code of the failure', async () => {
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

  test('report and kubeconfig print what the service gives, by the type asked for', async () => {
    await using service = await scriptedService(({ headers }, response) => void response.end(headers.accept))
    const at = ['--server', service.server]
    expect((await runCli(['report', 'ran-1', ...at])).stdout).toContain('text/markdown')
    expect((await runCli(['report', 'ran-1', '--format', 'json', ...at])).stdout).toContain('application/json')
    expect((await runCli(['kubeconfig', '6f0c', ...at])).stdout).toContain('application/yaml')
    expect(service.calls()[2]).toBe('GET /o2ims/v1/ocloud/6f0c/kubeconfig')
  })

  test.each([
    [['status', '--server', 'ftp://x'], 'is not the address of a service'],
    [['status', '--server', 'http://127.0.0.1:39999'], 'cannot be reached: connect ECONNREFUSED 127.0.0.1:39999'],
    [['provision'], "required option '-f, --file <file>' not specified"],
    [['provision', '-f', '/nowhere.yaml'], '/nowhere.yaml cannot be read'],
    [['dance'], "unknown command 'dance'"],
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
})
