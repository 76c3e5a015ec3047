import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createApi } from '../../../src/cli/client/api.ts'
import { createHttp } from '../../../src/cli/client/http.ts'
import { endProcess, isRunning } from '../../../src/cli/real/processes.ts'
import { startService } from '../../../src/cli/real/service.ts'
import { type Place, placeOf, readStarted, type Started, writeStarted } from '../../../src/cli/real/started.ts'
import { eventually } from '../../harness/eventually.ts'
import { needs } from '../../harness/needs.ts'
import { runCli, startCli } from '../run-cli.ts'
import { answer, scriptedService } from '../scripted-service.ts'

let place: Place
beforeEach(async () => {
  place = placeOf({ DATA_DIR: await mkdtemp(join(tmpdir(), 'o2ims-test-')) })
  // Somebody's service was here: cleaning asks its records.
  await writeFile(join(place.dataDir, 'encryption.key'), `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 })
})
afterEach(async () => {
  await endProcess((await readStarted(place))?.service)
  await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 })
})

describe('the service that cleaning starts', needs('redis'), () => {
  const args = (server = 'http://127.0.0.1:39999') => ['demo', '--clean', '--server', server]
  const dead = { host: 'an earlier boot', pid: 1, startTime: '1' }
  const before: Started = { server: 'http://127.0.0.1:39998', service: dead, requests: { 'ran-1': {} }, files: [] }
  const env = () => ({ DATA_DIR: place.dataDir, DOCKER_HOST: 'unix:///nowhere/docker.sock' })
  const gone = (path: string) =>
    access(path).then(
      () => false,
      () => true,
    )

  test('is written down as soon as it runs: who cleans after one that was killed ends it, too', async () => {
    const first = startCli([...args(), '--all'], { env: env() })
    let service: Started['service']
    await eventually(async () => {
      service = (await readStarted(place))?.service
      expect(service).toBeDefined()
    }, 10_000)
    first.signal('SIGKILL')
    await first.finished
    expect(isRunning(service)).toBe(true)
    expect(await runCli(args(), { env: env() })).toMatchObject({ code: 0, stderr: '' })
    expect([isRunning(service), await gone(place.dataDir)]).toEqual([false, true])
  })

  test("is started where ours is gone, also while somebody else's answers", async () => {
    await using other = await scriptedService((_call, response) => answer(response, 200, []))
    await writeStarted(place, { ...before, server: other.server })
    expect(await runCli(args(other.server), { env: env() })).toMatchObject({ code: 0, stderr: '' })
    expect([other.calls(), await gone(place.dataDir)]).toEqual([['GET /readyz'], true])
  })

  test('is not even started where make ocloud has nothing: the data stay, and it is said how to remove them', async () => {
    const { code, stdout } = await runCli(args(), { env: env() })
    expect(code).toBe(0)
    expect(stdout).toMatch(/has the data of a service .* stays.*demo --clean --all"/)
    expect(await readdir(place.dataDir)).toEqual(['encryption.key'])
  })

  test('keeps its data for what others have in it, and runs on where it ran', async () => {
    await writeStarted(place, before)
    const signal = AbortSignal.timeout(60_000)
    const { server, service } = await startService(place, { before, env: { ...process.env, PORT: '0' }, signal })
    const { oClouds } = createApi({ http: createHttp({ server, again: (command) => command }) })
    const mine = await oClouds.create({ name: 'my-own', simulated: true })

    const running = await runCli(args(), { env: env() })
    expect(running.code).toBe(0)
    expect(running.stdout).toMatch(/goes on, and .* stays, for O-Cloud my-own\. /)
    expect([isRunning(service), (await oClouds.find('my-own')).oCloudId]).toEqual([true, mine.oCloudId])

    await endProcess(service)
    const ended = await runCli(args(), { env: env() })
    expect(ended.stdout).toMatch(/stays: it has O-Cloud my-own\. .*--clean --all"/)
    expect([await gone(place.dataDir), await gone(place.folder)]).toEqual([false, true])

    await writeFile(join(place.dataDir, 'notes.txt'), 'mine')
    expect((await runCli([...args(), '--all'], { env: env() })).stdout).toContain('did not put there notes.txt')
    expect(await readdir(place.dataDir)).toEqual(['notes.txt'])
  }, 120_000)

  test('is no part of what was started when it does not start', async () => {
    await writeFile(join(place.dataDir, 'encryption.key'), 'no key')
    await writeStarted(place, { ...before, files: ['/x'] })
    const { code, stderr } = await runCli(args(), { env: env() })
    expect(code).not.toBe(0)
    expect(stderr).toContain('the service does not start')
    expect(await readStarted(place)).toEqual({ ...before, files: ['/x'] })
    expect(await readFile(place.file('server'), 'utf8')).toBe('http://127.0.0.1:39998\n')
  })
})
