import { describe, expect, test } from 'vitest'
import { runCli, SELF } from './run-cli.ts'
import { answer, scriptedService } from './scripted-service.ts'

const LIST = '/o2ims/v1/ocloud'
const KUBECONFIG = 'apiVersion: v1\nkind: Config\n'
const real = (oCloudId: string, name: string) => ({
  oCloudId,
  name,
  simulated: false,
  managed: true,
  madeBy: { provisioningRequestId: `request-${name}` },
})
const simulated = { oCloudId: '5131', name: 'sim-edge-1', simulated: true, managed: false }

/** Two pages: what the service knows, and who gets a kubeconfig. */
function cloudService(first: object[], second: object[] = []) {
  return scriptedService(({ url }, response) => {
    const id = url.match(/ocloud\/([^/]*)\/kubeconfig/)?.[1]
    if (url === LIST) return answer(response, 200, first, { link: `<${LIST}?nextpage_opaque_marker=2>; rel="next"` })
    if (id === undefined) return answer(response, 200, second)
    if (/^real/.test(id)) return void response.writeHead(200, { 'content-type': 'application/yaml' }).end(KUBECONFIG)
    if (id.includes('%')) return answer(response, 400, { title: 'Not valid', status: 400, code: 'INVALID_ARGS' })
    if (id === simulated.oCloudId)
      return answer(response, 404, { title: 'Not found', status: 404, code: 'NOT_FOUND', detail: 'it is simulated' })
    return answer(response, 404, { title: 'Not found', status: 404, code: 'NOT_FOUND' })
  })
}

describe('o2ims kubeconfig', () => {
  test('takes an id, and asks nothing else', async () => {
    await using service = await cloudService([])
    const { code, stdout } = await runCli(['kubeconfig', 'real-1', '--server', service.server])
    expect({ code, stdout, calls: service.calls() }).toEqual({
      code: 0,
      stdout: KUBECONFIG,
      calls: [`GET ${LIST}/real-1/kubeconfig`],
    })
    expect(service.received[0]?.headers.accept).toContain('application/yaml')
  })

  test('takes a name, on whatever page it stands', async () => {
    await using service = await cloudService([simulated], [real('real-2', 'edge-2')])
    const { code, stdout } = await runCli(['kubeconfig', 'edge-2', '--server', service.server])
    expect({ code, stdout }).toEqual({ code: 0, stdout: KUBECONFIG })
    expect(service.calls().at(-1)).toBe(`GET ${LIST}/real-2/kubeconfig`)
  })

  test('is JSON where JSON is asked for', async () => {
    await using service = await cloudService([])
    const { stdout } = await runCli(['kubeconfig', 'real-1', '--output', 'json', '--server', service.server])
    expect(JSON.parse(stdout)).toEqual({ apiVersion: 'v1', kind: 'Config' })
  })

  test('an answer that is none is told in one line, and not quoted', async () => {
    await using service = await scriptedService((_call, response) => {
      response.writeHead(200, { 'content-type': 'application/yaml' }).end('token: s3cr3t: [')
    })
    const { code, stderr } = await runCli(['kubeconfig', 'real-1', '--output', 'json', '--server', service.server])
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({ title: 'the service answers something that is no kubeconfig' })
    expect(stderr).not.toContain('s3cr3t')
  })

  const two = [real('real-3', 'twin'), real('real-4', 'twin'), real('real-5', 'edge')]
  test.each([
    ['nowhere', 'there is no O-Cloud with the id or the name nowhere', 'with a kubeconfig there are: twin, twin, edge'],
    ['a b', 'there is no O-Cloud with the id or the name a b', 'with a kubeconfig there are: twin, twin, edge'],
    ['twin', 'several O-Clouds have the name twin', 'give the id of the one that is meant: real-3, real-4'],
    ['request-edge', 'request-edge is a request, not an O-Cloud', `${SELF} --server SERVER kubeconfig edge`],
    ['sim-edge-1', 'it is simulated', 'a simulated cluster is played by the service'],
    ['5131', 'it is simulated', 'a simulated cluster is played by the service'],
  ])('%s: %s', async (given, message, hint) => {
    await using service = await cloudService([...two, simulated])
    const { code, stdout, stderr } = await runCli(['kubeconfig', given, '--server', service.server])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toContain(hint.replace('SERVER', service.server))
    expect(stderr).not.toMatch(/status" lists the requests/)
  })

  test('says in its help where the id stands', async () => {
    expect((await runCli(['kubeconfig', '--help'])).stdout).toMatch(/nodeClusterId/)
  })
})
