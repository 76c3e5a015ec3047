import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answer, aRequest, scriptedService } from '../cli/scripted-service.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const TARGETS = ['ocloud', 'all', 'status', 'logs', 'clean', 'validate', 'test', 'demo', 'image', 'sbom', 'help']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'o2ims-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs make, in a data folder of its own and without Docker: what others have on this machine is out of its reach. */
function make(args: string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = {
      cwd: ROOT,
      timeout: 60_000,
      env: {
        PATH: `${ROOT}/node_modules/.bin${delimiter}${process.env.PATH}`,
        HOME: process.env.HOME,
        DATA_DIR: join(folder, 'data'),
        DOCKER_HOST: 'unix:///nowhere/docker.sock',
        ...env,
      },
    }
    execFile('make', args, options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })
}
/** What a target would run. */
const commandsOf = async (...args: string[]) => (await make(['-n', ...args])).stdout

describe('make', () => {
  test('help lists every target, and is what make alone does', async () => {
    const { stdout } = await make(['help'])
    for (const target of TARGETS) expect(stdout).toMatch(new RegExp(`^ {2}make ${target} +\\S`, 'm'))
    expect((await make([])).stdout).toBe(stdout)
  })

  test('ocloud, test and demo run what they say; all is validate, ocloud and status', async () => {
    expect(await commandsOf('ocloud', 'ARGS=--verbose')).toMatch(/bin\/o2ims\.js demo --real --verbose$/m)
    expect(await commandsOf('test')).toMatch(/^npm test --silent$/m)
    expect(await commandsOf('demo')).toMatch(/^npm run --silent demo$/m)
    expect(await commandsOf('all')).toMatch(/doctor[\s\S]*validate --offline[\s\S]*demo --real[\s\S]*js status/)
    expect(await commandsOf('distclean')).toMatch(/demo --clean[\s\S]*rm -rf node_modules/)
    expect(await commandsOf('clean')).not.toContain('node_modules')
  })

  test('validate says what the machine has, and that the samples are as they should be', async () => {
    const { code, stdout } = await make(['validate'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /kind-workload +\S[\s\S]*kpt-workload\.yaml: request, valid[\s\S]*focom-operator: package, valid/,
    )
  })

  test('status and logs ask the service that make ocloud has started, for the request of that SMO', async () => {
    await using service = await scriptedService(({ url }, response) => {
      if (url.endsWith('/status-table')) return void response.end('RESOURCE\n')
      if (url.endsWith('/logs'))
        return void response.end('{"time":"2026-11-24T10:00:00Z","level":"info","msg":"one"}\n')
      return answer(response, 200, [aRequest({})])
    })
    await mkdir(join(folder, 'data/ocloud'), { recursive: true })
    await writeFile(join(folder, 'data/ocloud/server'), `${service.server}\n`)
    expect((await make(['status'])).stdout).toMatch(/^ID [\s\S]*^RESOURCE$/m)
    expect((await make(['logs'], { SMO_CLUSTER_NAME: 'lab' })).stdout).toBe('10:00:00 INFO  one\n')
    expect((await make(['logs', 'ID=mine'])).code).toBe(0)
    const requests = '/o2ims/v1/provisioningRequests'
    expect(service.calls()).toEqual([
      `GET ${requests}`,
      `GET ${requests}/edge-5g-deployment/status-table`,
      `GET ${requests}/edge-5g-deployment-lab/logs`,
      `GET ${requests}/mine/logs`,
    ])
    await rm(join(folder, 'data'), { recursive: true })
  })

  test('without a service status says so and how to start one', async () => {
    const { code, stderr } = await make(['status'], { O2IMS_SERVER: 'http://127.0.0.1:39999' })
    expect(code).toBe(2)
    expect(stderr).toContain('cannot be reached')
  })

  test('clean on a fresh checkout has nothing to do, and hands its options on', async () => {
    const { code, stdout } = await make(['clean'], { O2IMS_SERVER: 'http://127.0.0.1:39999' })
    expect(code).toBe(0)
    expect(stdout).toContain('Clean: ')
    expect(await commandsOf('clean', 'ARGS=--clusters')).toMatch(/demo --clean --clusters$/m)
  })

  test('clean leaves a data folder alone that o2ims never used', async () => {
    const mine = join(folder, 'mine')
    await mkdir(join(mine, 'redis'), { recursive: true })
    await writeFile(join(mine, 'notes.txt'), 'mine')
    const { code } = await make(['clean'], { DATA_DIR: mine, O2IMS_SERVER: 'http://127.0.0.1:39999' })
    expect(code).toBe(0)
    expect((await readdir(mine)).toSorted()).toEqual(['notes.txt', 'redis'])
  })
})
