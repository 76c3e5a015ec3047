import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Finding, JOBS } from '../../src/cli/doctor/finding.ts'
import { lookAtMachine } from '../../src/cli/doctor/machine.ts'
import { runTool } from '../../src/cli/doctor/run-tool.ts'
import { identityOf } from '../../src/process-identity.ts'
import { eventually } from '../harness/eventually.ts'
import { ROOT, runCli, startProgram } from './run-cli.ts'
import { answer, scriptedService } from './scripted-service.ts'

/** A machine with these programs and no others, each of which says what it is told to. */
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'o2ims-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function machine(programs: Record<string, string>): Promise<(...args: string[]) => ReturnType<typeof runCli>> {
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder, name), 0o755)
  }
  // A port of its own: whatever runs on this machine is not looked at.
  return (...args) => runCli(['doctor', ...args], { env: { PATH: folder, PORT: '0', ...images } })
}
let images: Record<string, string> = {}
beforeEach(() => {
  images = {}
})

const REDIS = { 'redis-server': 'echo "Redis server v=7.0.15 sha=0"' }
const ALL = {
  ...REDIS,
  kind: 'echo "kind v0.33.0 go1.24 linux/amd64"',
  kpt: 'echo 1.0.0-beta.56',
  git: 'echo "git version 2.39.5"',
  kubectl: 'echo "Client Version: v1.33.13"',
  docker: 'case "$1" in version) echo 28.2.2;; image) [ "$6" = here:1 ];; esac',
}

describe('o2ims doctor', () => {
  test('on a bare machine names what is missing, who needs it and how to get it, and crashes nowhere', async () => {
    const doctor = await machine({})
    const { code, stdout, stderr } = await doctor()
    expect(code).toBe(1)
    expect(stderr).toContain('this machine cannot run simulated: it lacks redis-server')
    expect(stdout).toMatch(/node +ok +24\./)
    for (const tool of ['redis-server', 'docker', 'kind', 'kpt', 'git'])
      expect(stdout).toMatch(new RegExp(`${tool} +missing`))
    expect(stdout).toMatch(/kubectl +warning/)
    expect(stdout).toContain('    sudo apt-get install -y redis-server')
    expect(stdout).toContain('    sudo apt-get install -y docker.io')
    expect(stdout).toMatch(/curl -fLo kind https:\/\/kind\.sigs\.k8s\.io\/dl\/v0\.33\.0\/kind-linux-/)
    expect(stdout).toMatch(/edge-5g-kind +lacks redis-server, docker, kind, kpt, git/)
  })

  test('with Redis alone exits 0, and with 1 where a real job is demanded that lacks something', async () => {
    const doctor = await machine(REDIS)
    const { code, stdout, stderr } = await doctor()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/redis-server +ok +7\.0\.15/)
    expect(stdout).toMatch(/simulated +can run/)
    expect(stdout).toMatch(/kind-workload +lacks docker, kind, kpt, git/)
    const demanded = await doctor('--for', 'kind-workload', '--output', 'json')
    expect(demanded.code).toBe(1)
    expect(JSON.parse(demanded.stdout)).toMatchObject({ for: 'kind-workload', possible: false })
    expect(JSON.parse(demanded.stderr)).toMatchObject({ exitCode: 1 })
  })

  test('with everything says each version and that all can run', async () => {
    const doctor = await machine(ALL)
    const { code, stdout } = await doctor('--for', 'edge-5g-kind', '--output', 'json')
    expect(code).toBe(0)
    const { findings }: { findings: Finding[] } = JSON.parse(stdout)
    const found = Object.fromEntries(findings.map((each) => [each.subject, each.found]))
    expect(found).toMatchObject({
      kind: '0.33.0',
      kpt: '1.0.0-beta.56',
      git: '2.39.5',
      kubectl: '1.33.13',
      docker: '28.2.2',
      'redis-server': '7.0.15',
    })
  })

  test.each([
    ['here:1', /node image +ok +here:1/],
    ['away:1', /node image +warning +away:1 is not there yet[\s\S]*docker pull away:1/],
  ])('KIND_NODE_IMAGE %s is looked for in docker', async (image, said) => {
    images = { KIND_NODE_IMAGE: image }
    const doctor = await machine(ALL)
    const { code, stdout } = await doctor()
    expect(code).toBe(0)
    expect(stdout).toMatch(said)
  })

  test.each([
    ['echo "Cannot connect to the Docker daemon" >&2; exit 1', 'sudo systemctl start docker'],
    ['echo "permission denied while trying to connect" >&2; exit 1', 'sudo usermod -aG docker "$USER"'],
  ])('a docker that says %j: %s', async (script, remedy) => {
    const doctor = await machine({ ...ALL, docker: script })
    const { code, stdout } = await doctor('--for', 'kind-cluster')
    expect(code).toBe(1)
    expect(stdout).toContain(remedy)
  })

  test.each([
    ['an old Redis', { 'redis-server': 'echo "Redis server v=6.0.16"' }, 'older than 6.2.0', 1],
    ['a Redis that does not start', { 'redis-server': 'echo "no such library" >&2; exit 127' }, 'no such library', 1],
    ['a Valkey', { 'valkey-server': 'echo "Valkey server v=8.0.1"' }, '8.0.1 (valkey-server)', 0],
  ])('%s is told as what it is', async (_name, programs, said, exitCode) => {
    const doctor = await machine(programs)
    const { code, stdout } = await doctor()
    expect(code).toBe(exitCode)
    expect(stdout).toContain(said)
  })

  test('with REDIS_URL no redis-server is needed, and the URL with its password is not shown', async () => {
    images = { REDIS_URL: 'redis://me:geheim@192.0.2.1' }
    const doctor = await machine({})
    const { code, stdout } = await doctor()
    expect(code).toBe(0)
    expect(stdout).toContain('not needed: REDIS_URL is set')
    expect(stdout).not.toContain('geheim')
  })

  test('a kpt that lacks git is no kpt to be downloaded again: git is what is missing', async () => {
    const { git: _git, ...rest } = ALL
    const doctor = await machine({
      ...rest,
      kpt: 'echo "kpt requires that git is installed and on the PATH" >&2; exit 1',
    })
    const { code, stdout, stderr } = await doctor('--for', 'kpt-workload')
    expect(code).toBe(1)
    expect(stderr).toContain('it lacks git\n')
    expect(stdout).toMatch(/kpt +warning +is there, and does not start without git/)
    expect(stdout).toContain('sudo apt-get install -y git')
    expect(stdout).not.toContain('curl -fLo kpt ')
  })

  test('no tool is told of a cluster', async () => {
    images = { KUBECONFIG: '/somebody/config' }
    const doctor = await machine({ ...ALL, kubectl: 'echo "Client Version: v1.33.13-$KUBECONFIG"' })
    expect((await doctor()).stdout).toContain('1.33.13-/dev/null')
  })

  test('--for takes every template of the samples', async () => {
    const templates = await readdir(join(ROOT, 'samples/templates'))
    const names = new Set(templates.map((file) => file.replace(/-\d+\.\d+\.\d+\.yaml$/, '')))
    expect(Object.keys(JOBS).toSorted()).toEqual(['simulated', ...names].toSorted())
  })

  test('what a tool that never answers has started is ended with it', async () => {
    await machine({ slow: `sleep 60 & echo $! > ${join(folder, 'pid')}; wait` })
    await runTool(join(folder, 'slow'), [], { PATH: process.env.PATH }, 1_000)
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
    await eventually(async () => expect(identityOf(pid)).toBeUndefined(), 5_000)
  })

  test('a tool that never answers is ended', async () => {
    await machine({ slow: 'exec sleep 60' })
    const began = performance.now()
    expect(await runTool(join(folder, 'slow'), [], {}, 200)).toEqual({
      found: true,
      exitCode: undefined,
      said: 'gave no answer within 0.2 s',
      stdout: '',
    })
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})

describe('what doctor finds of the machine itself', () => {
  test('a port that something else has, and one on which o2ims answers', async () => {
    const taken = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(taken, 'listening')
    await using service = await scriptedService((_call, response) => answer(response, 200, []))
    const address = taken.address()
    const portOf = async (port: number) => (await lookAtMachine({ PORT: String(port) }))[0]
    expect(await portOf(typeof address === 'object' && address ? address.port : 0)).toMatchObject({
      state: 'warning',
      found: expect.stringContaining('is taken by something else'),
      remedy: ['export PORT=18080'],
    })
    expect(await portOf(Number(new URL(service.server).port))).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('an o2ims service answers'),
    })
    taken.close()
  })

  test('inotify limits with which a second kind cluster does not come up', async () => {
    const limits = join(folder, 'inotify')
    await mkdir(limits)
    await writeFile(join(limits, 'max_user_watches'), '524288\n')
    await writeFile(join(limits, 'max_user_instances'), '128\n')
    expect((await lookAtMachine({ PORT: '0' }, limits))[1]).toMatchObject({
      state: 'warning',
      found: 'max_user_watches 524288, max_user_instances 128',
      remedy: ['sudo sysctl fs.inotify.max_user_instances=512'],
    })
  })
})

test('without npm packages the command line says so in one line', async () => {
  for (const part of ['bin', 'src/cli', 'package.json'])
    await cp(join(ROOT, part), join(folder, part), { recursive: true })
  const { code, stdout, stderr } = await startProgram(join(folder, 'bin/o2ims.js'), ['doctor']).finished
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^o2ims finds no npm packages: run "npm ci" here.*\n$/)
})
