import { describe, expect, test } from 'vitest'
import { runCli, SELF, startCli } from './run-cli.ts'
import { answer, aRequest, scriptedService, sendEvents } from './scripted-service.ts'

const FULFILLED = aRequest({ phase: 'FULFILLED', message: 'done', percent: 100, states: ['SUCCEEDED', 'SUCCEEDED'] })
const REQUEST = JSON.stringify(FULFILLED.provisioningRequestData)

/** A request that is posted and ends as `last` says; without it the stream stays open. */
function ending(last: unknown, data: unknown = { provisioningPhase: 'FULFILLED' }) {
  return scriptedService(({ method, url }, response) => {
    if (method === 'POST') return answer(response, 201, aRequest({}))
    if (!url.endsWith('/events')) return answer(response, 200, last)
    sendEvents(response, [['1-0', 'snapshot', aRequest({})]])
    if (last === undefined) return
    sendEvents(response, [['2-0', 'end', data]])
    response.end()
  })
}

describe('--output json', () => {
  const provision = (server: string) => ['--output', 'json', 'provision', '-f', '-', '--server', server]

  test('standard output is the final representation, and nothing else is said', async () => {
    await using service = await ending(FULFILLED)
    const { code, stdout, stderr } = await runCli(provision(service.server), { input: REQUEST })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual(FULFILLED)
  })

  test('a request that failed: its representation, and one object that says why', async () => {
    const error = { code: 'APPLY_FAILED', exitCode: 5, step: 'workload', cause: 'is forbidden', undone: [], left: [] }
    const failed = aRequest({ phase: 'FAILED', error })
    await using service = await ending(failed, { provisioningPhase: 'FAILED' })
    const { code, stdout, stderr } = await runCli(provision(service.server), { input: REQUEST })
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toEqual(failed)
    expect(JSON.parse(stderr)).toMatchObject({
      title: 'the request ended FAILED',
      code: 'APPLY_FAILED',
      detail: 'is forbidden',
      step: 'workload',
      exitCode: 5,
    })
  })

  test('Ctrl-C: one object with the way back', async () => {
    await using service = await ending(undefined)
    const cli = startCli(provision(service.server), { input: REQUEST })
    await expect.poll(service.calls, { timeout: 10_000 }).toHaveLength(2)
    cli.signal('SIGINT')
    const { code, stdout, stderr } = await cli.finished
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    const hint = `come back with: ${SELF} --server ${service.server} status ran-1 --follow`
    expect(JSON.parse(stderr)).toMatchObject({ title: 'interrupted; the request goes on', hint, exitCode: 130 })
  })

  test('a refusal is the problem details that the service gave', async () => {
    const problem = {
      type: '/problems/template-parameters',
      title: 'Template parameters do not match the schema',
      status: 422,
      detail: 'templateParameters/oCloud is required',
      instance: '/o2ims/v1/provisioningRequests',
      code: 'TEMPLATE_PARAMETERS',
      errors: [{ pointer: '/templateParameters/oCloud', message: 'is required' }],
    }
    await using service = await scriptedService((_call, response) => answer(response, 422, problem))
    const { code, stdout, stderr } = await runCli(provision(service.server), { input: REQUEST })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({ ...problem, exitCode: 1 })
  })

  test.each([
    [['status', '--output', 'json', '--server', 'http://127.0.0.1:39999'], 'cannot be reached'],
    [['status', '--output=json', '--server', 'ftp://x'], 'is not the address of a service'],
    [['--output', 'json', 'status', '--loud'], "unknown option '--loud'"],
    [['report', 'ran-1', '--format', 'md', '--output', 'json'], 'two different forms'],
  ])('%j fails with one object and exit code 1', async (args, title) => {
    const { code, stdout, stderr } = await runCli(args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({ title: expect.stringContaining(title), exitCode: 1 })
  })

  test('delete answers with the id', async () => {
    await using service = await scriptedService(({ url }, response) =>
      url.includes('orphan') ? answer(response, 202, { left: [] }) : void response.writeHead(202).end(),
    )
    const remove = async (...args: string[]) =>
      JSON.parse((await runCli(['delete', 'ran-1', '--output', 'json', '--server', service.server, ...args])).stdout)
    expect(await remove()).toEqual({ provisioningRequestId: 'ran-1', deleting: true })
    expect(await remove('--orphan')).toEqual({ provisioningRequestId: 'ran-1', deleted: true, left: [] })
  })
})
