import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { runCli, SELF, startCli } from './run-cli.ts'
import { answer, aRequest, type Received, scriptedService, sendEvents, stepEvent } from './scripted-service.ts'

const REQUEST = `
provisioningRequestId: ran-1
name: ran at edge-1
templateName: kpt-workload
templateVersion: 1.0.0
templateParameters: { oCloud: edge-1 }
`
const provision = ['provision', '-f', '-', '--server']
const PATH = '/o2ims/v1/provisioningRequests'
const FULFILLED = aRequest({ phase: 'FULFILLED', message: 'done', percent: 100, states: ['SUCCEEDED', 'SUCCEEDED'] })

/** Answers the POST and the last GET; the test plays the event stream. */
function following(last: unknown, events: (call: Received, response: ServerResponse) => void) {
  return (call: Received, response: ServerResponse) => {
    if (call.method === 'POST') return answer(response, 201, aRequest({}), { location: `${PATH}/ran-1` })
    if (call.url === `${PATH}/ran-1/events`) return events(call, response)
    if (call.method === 'GET' && call.url === `${PATH}/ran-1`) return answer(response, 200, last)
    return answer(response, 404, { title: 'Not found', status: 404, code: 'NOT_FOUND' })
  }
}

describe('o2ims provision', () => {
  test('posts the file as JSON, shows each change as a plain line and exits with 0 when FULFILLED', async () => {
    await using service = await scriptedService(
      following(FULFILLED, (_call, response) => {
        sendEvents(response, [
          ['1-0', 'snapshot', aRequest({})],
          ['2-0', 'step', stepEvent('check', 'RUNNING', 10, 'looking')],
          ['3-0', 'step', stepEvent('check', 'SUCCEEDED', 50, 'all there')],
          ['4-0', 'end', { provisioningPhase: 'FULFILLED' }],
        ])
        response.end()
      }),
    )
    const { code, stdout, stderr } = await runCli([...provision, service.server], { input: REQUEST })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(service.received[0]?.body ?? '')).toMatchObject({ templateParameters: { oCloud: 'edge-1' } })
    expect(stdout).toContain('ran at edge-1 (ran-1), kpt-workload 1.0.0, SIMULATED')
    expect(stdout).toContain(' 10%  check  RUNNING  looking')
    expect(stdout).toContain('100%  FULFILLED  done')
    expect(stdout).not.toContain('\u001b')
  })

  test('exits with the code of the failure and says cause, what was undone and what is left', async () => {
    const error = {
      code: 'APPLY_FAILED',
      exitCode: 5,
      step: 'workload',
      cause: 'deployments.apps "cu" is forbidden',
      undone: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'ran', name: 'du' }],
      left: [{ apiVersion: 'v1', kind: 'Namespace', name: 'ran', reason: 'held by a finalizer' }],
    }
    const failed = aRequest({ phase: 'FAILED', message: 'workload: forbidden', states: ['SUCCEEDED', 'FAILED'], error })
    await using service = await scriptedService(
      following(failed, (_call, response) => {
        sendEvents(response, [
          ['1-0', 'snapshot', failed],
          ['2-0', 'end', { provisioningPhase: 'FAILED' }],
        ])
        response.end()
      }),
    )
    const { code, stderr } = await runCli([...provision, service.server], { input: REQUEST })
    expect(code).toBe(5)
    expect(stderr).toContain('APPLY_FAILED in step workload: deployments.apps "cu" is forbidden')
    expect(stderr).toContain('undone: Deployment ran/du')
    expect(stderr).toContain('left behind: Namespace ran: held by a finalizer')
    expect(stderr).toContain(`${SELF} --server ${service.server} retry ran-1`)
  })

  test('comes back after a broken connection with the last id that it saw, and misses nothing', async () => {
    await using service = await scriptedService(
      following(FULFILLED, (call, response) => {
        if (call.headers['last-event-id'] === undefined) {
          sendEvents(response, [
            ['1-0', 'snapshot', aRequest({})],
            ['2-0', 'step', stepEvent('check', 'RUNNING', 10, 'first')],
          ])
          setTimeout(() => response.destroy(), 50)
        } else {
          sendEvents(response, [
            ['3-0', 'step', stepEvent('check', 'SUCCEEDED', 50, 'second')],
            ['4-0', 'end', { provisioningPhase: 'FULFILLED' }],
          ])
          response.end()
        }
      }),
    )
    const { code, stdout } = await runCli([...provision, service.server], { input: REQUEST })
    expect(code).toBe(0)
    const ids = service.received
      .filter(({ url }) => url.endsWith('/events'))
      .map(({ headers }) => headers['last-event-id'])
    expect(ids).toEqual([undefined, '2-0'])
    expect(stdout).toMatch(/first[\s\S]*the service is away[\s\S]*the service is back[\s\S]*second/)
  })

  test('shows the steps of the newer generation when somebody else changes the request', async () => {
    await using service = await scriptedService(
      following(
        aRequest({ phase: 'FULFILLED', generation: 2, states: ['SKIPPED', 'SUCCEEDED'] }),
        (_call, response) => {
          sendEvents(response, [
            ['1-0', 'snapshot', aRequest({})],
            [
              '2-0',
              'phase',
              { generation: 2, provisioningPhase: 'PENDING', message: 'changed', at: '2026-11-23T10:00:01Z' },
            ],
            ['3-0', 'end', { provisioningPhase: 'FULFILLED' }],
          ])
          response.end()
        },
      ),
    )
    const { code, stdout } = await runCli([...provision, service.server], { input: REQUEST })
    expect(code).toBe(0)
    expect(stdout).toContain('check  SKIPPED')
  })

  test('Ctrl-C leaves the request running and says how to come back', async () => {
    await using service = await scriptedService(
      following(FULFILLED, (_call, response) => sendEvents(response, [['1-0', 'snapshot', aRequest({})]])),
    )
    const cli = startCli([...provision, service.server], { input: REQUEST })
    await cli.says('waiting for a worker')
    await expect.poll(service.calls).toContain(`GET ${PATH}/ran-1/events`)
    cli.signal('SIGINT')
    const { code, stderr } = await cli.finished
    expect(code).toBe(130)
    expect(stderr).toContain(`Come back with: ${SELF} --server ${service.server} status ran-1 --follow`)
    expect(service.calls()).toEqual([`POST ${PATH}`, `GET ${PATH}/ran-1/events`])
  })

  test('posts again when the service asks to wait a moment', async () => {
    let posts = 0
    await using service = await scriptedService((call, response) => {
      if (call.method === 'POST') posts += 1
      if (posts === 1)
        return answer(response, 503, { title: 'Not available at this moment', status: 503 }, { 'retry-after': '0' })
      return answer(response, 200, FULFILLED)
    })
    const { code } = await runCli([...provision, service.server, '--no-follow'], { input: REQUEST })
    expect({ code, posts }).toEqual({ code: 0, posts: 2 })
  })

  test('a refused request: title, detail, each field and what to do, exit code 1', async () => {
    await using service = await scriptedService((_call, response) =>
      answer(response, 422, {
        type: '/problems/template-parameters',
        title: 'Template parameters do not match the schema',
        status: 422,
        detail: '2 values are wrong',
        code: 'TEMPLATE_PARAMETERS',
        errors: [
          { pointer: '/templateParameters/oCloud', message: 'is required' },
          { pointer: '/templateParameters/workers', message: 'must be an integer' },
        ],
      }),
    )
    const { code, stdout, stderr } = await runCli([...provision, service.server], { input: REQUEST })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('Template parameters do not match the schema (TEMPLATE_PARAMETERS)')
    expect(stderr).toContain('  2 values are wrong')
    expect(stderr).toContain('  /templateParameters/oCloud: is required')
    expect(stderr).toContain('  /templateParameters/workers: must be an integer')
    expect(stderr).toContain('parameterSchema')
  })

  test('one wrong field is told once', async () => {
    await using service = await scriptedService((_call, response) =>
      answer(response, 400, {
        title: 'The request is not valid',
        status: 400,
        detail: 'name must be a string',
        code: 'INVALID_ARGS',
        errors: [{ pointer: '/name', message: 'must be a string' }],
      }),
    )
    const { stderr } = await runCli([...provision, service.server], { input: REQUEST })
    expect(stderr).toBe('error: The request is not valid (INVALID_ARGS)\n  /name: must be a string\n')
  })

  test('the identical request again stood already, and is followed all the same', async () => {
    const running = aRequest({ phase: 'PROGRESSING', message: 'check: looking', states: ['RUNNING', 'PENDING'] })
    await using service = await scriptedService(({ method, url }, response) => {
      if (method === 'POST') return answer(response, 200, running)
      if (!url.endsWith('/events')) return answer(response, 200, FULFILLED)
      sendEvents(response, [
        ['1-0', 'snapshot', running],
        ['2-0', 'end', { provisioningPhase: 'FULFILLED' }],
      ])
      response.end()
    })
    const { code, stdout } = await runCli([...provision, service.server], { input: REQUEST })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ran-1 stood already \(PROGRESSING\)[\s\S]*100% {2}FULFILLED/)
    const { stdout: unfollowed } = await runCli([...provision, service.server, '--no-follow'], { input: REQUEST })
    expect(unfollowed).toMatch(/^ran-1 stood already \(PROGRESSING\).*\nFollow it with: /)
    expect(unfollowed).not.toContain('accepted')
  })

  test('a dry run shows the plan and follows nothing', async () => {
    const change = (action: string, name: string) => ({
      action,
      object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'ran', name },
    })
    await using service = await scriptedService((_call, response) =>
      answer(response, 200, {
        dryRun: true,
        steps: [{ name: 'workload', uses: 'kpt-package', changes: [change('create', 'du'), change('none', 'cu')] }],
      }),
    )
    const { code, stdout } = await runCli([...provision, service.server, '--dry-run'], { input: REQUEST })
    expect(code).toBe(0)
    expect(stdout).toMatch(/create\s+Deployment ran\/du\s+apps\/v1\s+workload/)
    expect(stdout).toContain('1 to create, 0 to update, 0 to delete, 1 unchanged')
    expect(service.calls()).toEqual([`POST ${PATH}?dryRun=true`])
  })

  test.each([
    ['is empty', ''],
    ['is neither YAML nor JSON', 'a: [1'],
    ['holds no request', '- a\n- b\n'],
    ['holds 2 documents', 'a: 1\n---\nb: 2\n'],
    ['is larger than 1024 KiB', `a: ${'b'.repeat(1024 * 1024)}`],
  ])('what is no request is refused before anything is sent: standard input %s', async (message, input) => {
    await using service = await scriptedService((_call, response) => answer(response, 500, {}))
    const { code, stderr } = await runCli([...provision, service.server], { input })
    expect({ code, calls: service.calls() }).toEqual({ code: 1, calls: [] })
    expect(stderr).toContain(`standard input ${message}`)
  })
})
