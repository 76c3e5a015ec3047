import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { endProcess, isRunning, startDetached } from '../../../src/cli/real/processes.ts'
import { wantedPort } from '../../../src/cli/real/service.ts'
import { type Place, placeOf, readStarted, type Started, writeStarted } from '../../../src/cli/real/started.ts'
import { identityOf, ownIdentity } from '../../../src/process-identity.ts'
import { runCli } from '../run-cli.ts'
import { scriptedService } from '../scripted-service.ts'

const started: Started = { server: 'http://127.0.0.1:39999', requests: { 'ran-1': {} }, files: ['/x/OCloud.md'] }
let place: Place
beforeEach(async () => {
  place = placeOf({ DATA_DIR: await mkdtemp(join(tmpdir(), 'o2ims-test-')) })
})
afterEach(() => rm(place.dataDir, { recursive: true, force: true }))

describe('what the demo has started', () => {
  test('nothing, where there is no file; and what was written, where there is one', async () => {
    expect(await readStarted(place)).toBeUndefined()
    await writeStarted(place, started)
    expect(await readStarted(place)).toEqual(started)
  })

  test('is replaced and never written over: who has the old file open reads the whole of it', async () => {
    await writeStarted(place, started)
    const files = (await readdir(place.folder)).toSorted()
    // A second name for the very file: it would show what is written into it.
    await link(place.file('started.json'), join(place.dataDir, 'old'))
    await writeStarted(place, { ...started, files: [] })
    expect(JSON.parse(await readFile(join(place.dataDir, 'old'), 'utf8'))).toEqual(started)
    expect((await readStarted(place))?.files).toEqual([])
    expect((await readdir(place.folder)).toSorted()).toEqual(files)
  })

  test.each([
    ['half a file', '{"server": "http://127'],
    ['another form', '{}'],
  ])('%s ends the cleaning, which says so and removes nothing', async (_name, text) => {
    await mkdir(place.folder)
    await writeFile(place.file('started.json'), text)
    const { code, stdout, stderr } = await runCli(['demo', '--clean', '--server', 'http://127.0.0.1:39999'], {
      env: { PATH: '', DATA_DIR: place.dataDir },
    })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('started.json does not say what the demo has started')
    expect(await readFile(place.file('started.json'), 'utf8')).toBe(text)
  })

  test('a file that cannot be read is no missing one', async () => {
    await mkdir(place.file('started.json'), { recursive: true })
    await expect(readStarted(place)).rejects.toThrow('started.json cannot be read: EISDIR')
  })

  test('a service that was about to be started is the one that has the data folder', async () => {
    await writeStarted(place, { ...started, starting: true })
    expect((await readStarted(place))?.service).toBeUndefined()
    await writeFile(join(place.dataDir, 'service.lock'), JSON.stringify({ ...ownIdentity(), token: 'x' }))
    expect((await readStarted(place))?.service).toEqual(ownIdentity())
    await writeStarted(place, started)
    expect((await readStarted(place))?.service).toBeUndefined()
  })
})

test('a player that was about to be started is found by its command line', async () => {
  const server = await scriptedService(() => undefined)
  const args = ['play-operators', 'ran-1', '--focom', 'smo', '--server', server.server]
  await writeStarted(place, { ...started, requests: { 'ran-1': { starting: args }, 'ran-2': {} } })
  const players = async () => Object.values((await readStarted(place))?.requests ?? {}).map(({ player }) => player)
  expect(await players()).toEqual([undefined, undefined])
  const { identity } = await startDetached(args, { env: process.env, logFile: place.file('operators.log') })
  try {
    expect(await players()).toEqual([identity, undefined])
  } finally {
    await endProcess(identity)
    await server[Symbol.asyncDispose]()
  }
  expect(await players()).toEqual([undefined, undefined])
})

test('a pid of another machine, or of this one before it was started anew, is never ended', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'])
  try {
    const identity = identityOf(child.pid ?? 0)
    if (!identity) throw new Error('no child')
    const before = { ...identity, host: 'an earlier boot' }
    expect([isRunning(identity), isRunning(before)]).toEqual([true, false])
    await endProcess(before)
    expect(child.signalCode).toBeNull()
    const exited = once(child, 'exit')
    await endProcess(identity)
    expect(await exited).toEqual([null, 'SIGTERM'])
  } finally {
    child.kill('SIGKILL')
  }
})

test.each([
  [{}, 8080],
  [{ PORT: '' }, 8080],
  [{ PORT: '0' }, 0],
  [{ PORT: '9000' }, 9000],
])('the service of %j tries port %i first', (env, port) => {
  expect(wantedPort(env)).toBe(port)
})
