import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { call, follow, toTheEnd } from '../harness/client.ts'
import { eventually } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { startServer, type TestServer } from '../harness/server.ts'
import { CONFIG_MAP, type GitServer, KPTFILE, startGitServer } from './git-server.ts'

describe('the whole service with packages from git', needs('redis', 'git', 'kpt'), () => {
  let git: GitServer
  let server: TestServer
  const token = `marked-${randomBytes(12).toString('hex')}`
  const requests = () => `${server.url}/o2ims/v1/provisioningRequests`

  beforeAll(async () => {
    git = await startGitServer()
    const repository = git.repository('ran')
    const site = 'site: here # kpt-set: $\u007bsite}'
    repository.commit({ 'du/Kptfile': KPTFILE('du'), 'du/a.yaml': CONFIG_MAP('a', [site, 'v: "1"']) }, { tag: 'v1' })
    repository.commit({ 'du/Kptfile': KPTFILE('du'), 'du/a.yaml': CONFIG_MAP('a', [site, 'v: "2"']) }, { tag: 'v2' })
    repository.commit({
      'du/Kptfile': KPTFILE('du', 'pipeline:\n  mutators:\n  - image: localhost/nowhere:1\n'),
      'du/a.yaml': CONFIG_MAP('a', [site]),
    })
    server = await startServer({ env: { LOG_LEVEL: 'trace', DOCKER_HOST: 'unix:///nowhere/docker.sock' } })
  })
  afterAll(async () => {
    await server?.dispose()
    await git?.close()
  })
  afterEach(() => {
    git.behaviour = 'sound'
    delete git.credential
  })

  const requestOf = (id: string, ref: string, more: Record<string, unknown> = {}) => ({
    provisioningRequestId: id,
    name: id,
    description: 'a package from git',
    templateName: 'kpt-workload',
    templateVersion: '1.1.0',
    templateParameters: {
      oCloud: 'sim-edge-1',
      namespace: id,
      package: { repository: git.url('ran'), ref, directory: 'du', ...more },
      values: { site: 'hsinchu' },
    },
  })

  test('a private package comes up on a simulated O-Cloud and is upgraded by PUT; its credential is nowhere', async () => {
    git.credential = `git:${token}`
    const said: string[] = []
    const ask = async (path: string, method = 'GET', body?: unknown) => {
      const answer = await call(`${requests()}${path}`, method, body)
      said.push(JSON.stringify([answer.body, [...answer.headers]]))
      return answer
    }
    const plan = await ask('?dryRun=true', 'POST', requestOf('private', 'v1', { credential: token }))
    expect(plan).toMatchObject({ status: 200 })
    expect((await ask('', 'POST', requestOf('private', 'v1', { credential: token }))).status).toBe(201)
    const { body } = await toTheEnd(server.url, 'private')
    expect(body.status).toMatchObject({ provisioningPhase: 'FULFILLED' })
    expect(body.progress.simulated).toBe(true)

    const upgrade = await ask('/private', 'PUT', requestOf('private', 'v2', { credential: token }))
    expect(upgrade.status).toBe(200)
    expect((await toTheEnd(server.url, 'private')).body.status.provisioningPhase).toBe('FULFILLED')
    const wrong = await ask('/private', 'PUT', requestOf('private', 'v2', { credential: `wrong-${token}` }))
    expect(wrong.status).toBe(200)
    const failed = (await toTheEnd(server.url, 'private')).body
    expect(failed.progress.error).toMatchObject({ code: 'PREFLIGHT_FAILED', step: 'check' })
    said.push(JSON.stringify(failed))
    for (const path of ['/private', '/private/report', '/private/logs', '']) await ask(path)

    expect(said.join('\n')).not.toContain(token)
    expect(server.output()).not.toContain(token)
    const { stdout } = spawnSync('grep', ['-rlaF', '--', token, server.dataDir], { encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(readFileSync(`/proc/${server.pid()}/environ`, 'latin1')).not.toContain(token)
  })

  test.each([
    ['a repository that is a file', { repository: 'file:///etc' }, '/templateParameters/package/repository'],
    ['a password in the URL', { repository: 'https://me:hidden@host/x' }, '/templateParameters/package/repository'],
    ['no ref', { ref: undefined }, '/templateParameters/package'],
    ['a field that is not known', { branch: 'x' }, '/templateParameters/package'],
  ])('%s is refused by POST, and not stored', async (_, more, pointer) => {
    const { status, body } = await call(requests(), 'POST', requestOf('refused', 'v1', more))
    expect(status).toBe(422)
    expect(body.errors).toEqual([expect.objectContaining({ pointer: expect.stringContaining(pointer) })])
    expect(JSON.stringify(body)).not.toContain('hidden')
    expect((await call(`${requests()}/refused`)).status).toBe(404)
  })

  test('a repository that is away is tried again until it is back', async () => {
    git.behaviour = 'broken'
    expect((await call(requests(), 'POST', requestOf('patient', 'v1'))).status).toBe(201)
    await eventually(async () => {
      const { body } = await call(`${requests()}/patient`)
      expect(body.status.message).toMatch(/^check: .* cannot be reached: .*503/)
    })
    git.behaviour = 'sound'
    const events = await follow(`${requests()}/patient/events`, AbortSignal.timeout(30_000))
    expect(events.at(-1)?.data).toMatchObject({ provisioningPhase: 'FULFILLED' })
  })

  test('a package with a pipeline fails the preflight where docker is not there, on a simulated O-Cloud as well', async () => {
    expect((await call(requests(), 'POST', requestOf('pipeline', 'main'))).status).toBe(201)
    const { body } = await toTheEnd(server.url, 'pipeline')
    expect(body.progress.error).toMatchObject({
      code: 'PREFLIGHT_FAILED',
      step: 'check',
      cause: expect.stringMatching(/has a pipeline, whose functions run in containers: docker/),
    })
  })
})
