import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { endProcess, isRunning } from '../../../src/cli/real/processes.ts'
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
  const env = () => ({ DATA_DIR: place.dataDir, DOCKER_HOST: 'unix:///nowhere/docker.sock' })
  const gone = (path: string) =>
    access(path).then(
      () => false,
      () => true,
    )

  test('is written down as soon as it runs: who cleans after one that was killed ends it, too', async () => {
    const first = startCli(args(), { env: env() })
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
    const dead = { host: 'an earlier boot', pid: 1, startTime: '1' }
    await writeStarted(place, { server: other.server, service: dead, requests: { 'ran-1': {} }, files: [] })
    expect(await runCli(args(other.server), { env: env() })).toMatchObject({ code: 0, stderr: '' })
    expect([other.calls(), await gone(place.dataDir)]).toEqual([['GET /readyz'], true])
  })

  test('is no part of what was started when it does not start', async () => {
    await writeFile(join(place.dataDir, 'encryption.key'), 'no key')
    const before: Started = { server: 'http://127.0.0.1:39998', requests: { 'ran-1': {} }, files: ['/x'] }
    await writeStarted(place, before)
    const { code, stderr } = await runCli(args(), { env: env() })
    expect(code).not.toBe(0)
    expect(stderr).toContain('the service does not start')
    expect(await readStarted(place)).toEqual(before)
    expect(await readFile(place.file('server'), 'utf8')).toBe('http://127.0.0.1:39998\n')
  })
})
