import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { answer, scriptedService } from './scripted-service.ts'

const LIST = '/o2ims/v1/ocloud'
const EDGE = {
  oCloudId: '6f0c',
  name: 'edge-1',
  simulated: false,
  managed: false,
  labels: { environment: 'edge' },
  status: { reachable: true, version: 'v1.33.13', nodes: 1, capacity: { cpu: '4', memory: '16Gi' } },
}
const AWAY = {
  oCloudId: '77aa',
  name: 'made',
  simulated: false,
  managed: true,
  madeBy: { provisioningRequestId: 'ran-1' },
  status: { reachable: false, message: 'connection refused' },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'o2ims-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const registry = () =>
  scriptedService(({ method }, response) => {
    if (method === 'GET') return answer(response, 200, [EDGE, AWAY])
    if (method === 'POST') return answer(response, 201, EDGE)
    return void response.writeHead(204).end()
  })

describe('o2ims ocloud', () => {
  test('add sends name, kubeconfig from a file, labels and description, and prints no kubeconfig', async () => {
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, 'kind: Config # geheim\n')
    await using service = await registry()
    const args = ['--label', 'environment=edge', '--label', 'site=1', '--description', 'at the edge']
    const added = await runCli([
      'ocloud',
      'add',
      'edge-1',
      '--kubeconfig',
      kubeconfig,
      ...args,
      '--server',
      service.server,
    ])
    expect(added).toEqual({ code: 0, stdout: 'edge-1 is registered with the id 6f0c\n', stderr: '' })
    expect(JSON.parse(service.received[0]?.body ?? '')).toEqual({
      name: 'edge-1',
      kubeconfig: 'kind: Config # geheim\n',
      description: 'at the edge',
      labels: { environment: 'edge', site: '1' },
    })
  })

  test('add takes a simulated one, and a whole file from standard input', async () => {
    await using service = await registry()
    const at = ['--server', service.server]
    await runCli(['ocloud', 'add', 'sim-9', '--simulated', ...at])
    await runCli(['ocloud', 'add', '-f', '-', ...at], { input: 'name: from-file\nsimulated: true\n' })
    expect(service.received.map(({ body }) => JSON.parse(body))).toEqual([
      { name: 'sim-9', simulated: true },
      { name: 'from-file', simulated: true },
    ])
  })

  test.each([
    [['add'], 'an O-Cloud needs a name, or --file'],
    [['add', 'edge-1'], 'needs one of --kubeconfig and --simulated'],
    [['add', 'edge-1', '--kubeconfig', '-', '--simulated'], 'needs one of --kubeconfig and --simulated'],
    [['add', 'edge-1', '-f', 'x.yaml', '--simulated'], 'leave [name], --simulated out'],
    [['add', 'edge-1', '--simulated', '--label', 'edge'], 'It must look like key=value'],
  ])('%j is refused before anything is sent', async (args, message) => {
    await using service = await registry()
    const { code, stderr } = await runCli(['ocloud', ...args, '--server', service.server])
    expect({ code, calls: service.calls() }).toEqual({ code: 1, calls: [] })
    expect(stderr).toContain(message)
  })

  test('list and show say what the service found; rm takes a name', async () => {
    await using service = await registry()
    const ocloud = (...args: string[]) => runCli(['ocloud', ...args, '--server', service.server])
    const { stdout } = await ocloud('list')
    expect(stdout).toMatch(/edge-1 +registered +reachable +v1\.33\.13 +1 +4 CPU, 16Gi +6f0c/)
    expect(stdout).toMatch(/made +made by ran-1 +away/)
    expect((await ocloud('show', '6f0c')).stdout).toContain('name: edge-1\n')
    expect(JSON.parse((await ocloud('show', 'made', '--output', 'json')).stdout)).toEqual(AWAY)
    expect((await ocloud('rm', 'edge-1')).stdout).toBe('edge-1 is forgotten\n')
    expect(service.calls().at(-1)).toBe(`DELETE ${LIST}/6f0c`)
    const unknown = await ocloud('rm', 'nowhere')
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toContain('there are: edge-1, made')
  })
})
